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

# The command is read when it runs: routers before 7.15 do not know it.
:if ([:len [/file find where name=$folder]] = 0) do={
    :do {
        :local make [:parse ("/file add type=directory name=\"" . $folder . "\"")]
        $make
    } on-error={ :log info "lango: this router makes its folders as files come" }
}
:local there 0
:foreach part in={ {{~#each pages}}"{{this}}"{{#unless @last}};{{/unless}}{{/each~}} } do={
    :local target ($folder . "/" . $part)
    :do {
        /tool fetch url=("{{base}}/{{key}}/" . $part) dst-path=$target check-certificate={{check}}
    } on-error={ :log warning ("lango: the shop does not give " . $part) }
    :if ([:len [/file find where name=$target]] = 1) do={ :set there ($there + 1) }
}
:if ($there = {{len pages}}) do={
    /ip hotspot profile set [find where name="lango"] html-directory=$folder
    :if ($langoQuiet != true) do={ :put ("PASS pages: {{edition}}, in " . $folder) }
} else={
    :put ("FAIL pages: " . $there . " of {{len pages}} files are there; drag the folder lango into Files")
    :set langoFails ($langoFails + 1)
}
}
