# Lango {{version}}: sets up the router of {{site}}
#
# Makes this router sell for the shop at {{host}}: it checks the router, keeps what was there, and installs
# hotspot, walled garden, profiles, pages and the report to the shop.
# For RouterOS 7 and 6.49.
# Run it with: /import file-name=lango-install.rsc
#
# It uses the hotspot that is there. To make a new one, say where before you run it:
#   :global langoInterface "bridge-guests"
# Phones whose browser runs no script can log in only if you allow plain passwords:
#   :global langoPap true
#
# Safe to run again. To undo it: /import file-name=lango-remove.rsc

# One block, since each line of a file that is imported has variables of its own. Nothing in it needs the hotspot's
# package: a file that does cannot be read at all where that is missing.
{
:global langoDir ""
:global langoFails 0
:global langoStop false
:global langoQuiet false
# What lies outside the folder flash is gone after a restart, on boards that have one.
:if ([:len [/file find where name="flash"]] > 0) do={ :set langoDir "flash/" }
:put "Lango {{version}} for {{site}}"

:do {
    :local ask [:parse "/ip hotspot find"]
} on-error={
    :put "FAIL package: hotspot is missing; see /system package print, and enable or install it"
    :set langoStop true
}
:if ($langoStop) do={ :error "Nothing was changed. Mend what FAIL names, then run this again." }

{{#if secure}}
# The line that fetched this file believed any certificate. What comes from here on must be the shop's: a router that
# answers to no certificate at all, but would without looking at it, lacks the authority that signed it.
:local believed true
:do {
    :local page [/tool fetch url="{{origin}}/healthz" check-certificate={{check}} output=user as-value]
} on-error={ :set believed false }
:if (!$believed) do={
    :do {
        :local page [/tool fetch url="{{origin}}/healthz" check-certificate=no output=user as-value]
        :put "FAIL certificate: this router does not know who signed the shop's. Run:"
        # What a version does not know, it does not parse.
        {{> trust}}
        :set langoStop true
    } on-error={ :log info "lango: no way to the shop" }
}
:if ($langoStop) do={ :error "Nothing was changed. Mend what FAIL names, then run this again." }
{{/if}}

# A router with Internet fetches the newest; without, the files were copied here with this one.
:local parts ({ {{~#each parts}}"{{this}}"{{#unless @last}};{{/unless}}{{/each~}} })
:local kept 0
:foreach part in=$parts do={
    :local target ($langoDir . $part)
    :do {
        :local done [/tool fetch url=("{{base}}/{{key}}/" . $part) dst-path=$target check-certificate={{check}} \
            as-value]
    } on-error={
        :if ([:len [/file find where name=$target]] = 0) do={
            :put ("FAIL files: " . $part . " is not here, and the shop does not give it")
            :set langoStop true
        } else={ :set kept ($kept + 1) }
    }
}
:if ($langoStop) do={ :error "Nothing was changed. Copy the whole folder, or look at the way to the shop." }
:if ($kept > 0) do={ :put ("     " . $kept . " files are used as they were copied here: the shop gives none") }
# Some boards show a file only a moment after it came.
:local missing 1
:local tries 0
:while ($missing > 0 && $tries < 20) do={
    :set missing 0
    :foreach part in=$parts do={
        :if ([:len [/file find where name=($langoDir . $part)]] = 0) do={ :set missing ($missing + 1) }
    }
    :if ($missing > 0) do={ :delay 500ms }
    :set tries ($tries + 1)
}

/import file-name=($langoDir . "lango-check.rsc")
:if ($langoStop) do={ :error "Nothing was changed. Mend what FAIL names, then run this again." }
# What follows says only what fails; the self-test at the end says what is well.
:set langoQuiet true
/import file-name=($langoDir . "lango-hotspot.rsc")
:if ($langoStop) do={
    :set langoQuiet false
    :error "The hotspot is not set up. Mend what FAIL names, then run this again."
}
/import file-name=($langoDir . "lango-garden.rsc")
/import file-name=($langoDir . "lango-profiles.rsc")
/import file-name=($langoDir . "lango-pages.rsc")
/import file-name=($langoDir . "lango-report.rsc")
/import file-name=($langoDir . "lango-test.rsc")
}
