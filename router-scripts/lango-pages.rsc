# Lango {{version}}: the login pages of {{site}}
#
# Puts the pages into a folder of their own, "lango", and has the hotspot show them. Your old pages stay where they are.
# For RouterOS 7 and 6.49, after lango-hotspot.rsc.
# Run it with: /import file-name=lango-pages.rsc
#
# Safe to run again. To undo it: /import file-name=lango-remove.rsc

# One block, since each line of a file that is imported has variables of its own.
{
:global langoDir
:global langoFails
:global langoQuiet
:if ([:typeof $langoFails] != "num") do={ :set langoFails 0 }
:if ([:len [/file find where name="flash"]] > 0) do={ :set langoDir "flash/" }
:local folder ($langoDir . "lango")

# Commands are read when they run: routers before 7.15 do not know the first, and make a folder for a share. One that
# fetch does not find it leaves out without a word.
:if ([:len [/file find where name=$folder]] = 0) do={
    :do {
        :local make [:parse ("/file add type=directory name=\"" . $folder . "\"")]
        $make
    } on-error={
        :do {
            :local make [:parse ("/ip smb shares add name=lango-folder directory=\"" . $folder . "\"; " . \
                "/ip smb shares remove [find where name=lango-folder]")]
            $make
        } on-error={ :log info "lango: this router makes no folders" }
    }
}
:local parts ({ {{~#each pages}}"{{this}}"{{#unless @last}};{{/unless}}{{/each~}} })
:foreach part in=$parts do={
    :do {
        :local done [/tool fetch url=("{{base}}/{{key}}/" . $part) dst-path=($folder . "/" . $part) \
            check-certificate={{check}} as-value]
    } on-error={ :log warning ("lango: the shop does not give " . $part) }
}
# Some boards show a file only a moment after it came.
:local there 0
:local tries 0
:while ($there < {{len pages}} && $tries < 20) do={
    :set there 0
    :foreach part in=$parts do={
        :if ([:len [/file find where name=($folder . "/" . $part)]] = 1) do={ :set there ($there + 1) }
    }
    :if ($there < {{len pages}}) do={ :delay 500ms }
    :set tries ($tries + 1)
}
:if ($there = {{len pages}}) do={
    /ip hotspot profile set [find where name="lango"] html-directory=$folder
    # Some versions put flash/ before what they are told, and would look in flash/flash.
    :if ([:tostr [/ip hotspot profile get [find where name="lango"] html-directory]] != $folder) do={
        /ip hotspot profile set [find where name="lango"] html-directory="lango"
    }
    :if ($langoQuiet != true) do={ :put ("PASS pages: {{edition}}, in " . $folder) }
} else={
    :put ("FAIL pages: " . $there . " of {{len pages}} files are there; drag the folder lango into Files")
    :set langoFails ($langoFails + 1)
}
}
