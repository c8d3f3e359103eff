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

# One block, since each line of a file that is imported has variables of its own.
{
:global langoDir ""
:global langoFails 0
:global langoStop false
# What follows says only what fails; the self-test at the end says what is well.
:global langoQuiet true
# What lies outside the folder flash is gone after a restart, on boards that have one.
:if ([:len [/file find where name="flash"]] > 0) do={ :set langoDir "flash/" }
:put "Lango {{version}} for {{site}}"

# A router with Internet fetches the newest; without, the files were copied here with this one.
:foreach part in={ {{~#each parts}}"{{this}}"{{#unless @last}};{{/unless}}{{/each~}} } do={
    :local target ($langoDir . $part)
    :do {
        /tool fetch url=("{{base}}/{{key}}/" . $part) dst-path=$target check-certificate={{check}}
    } on-error={
        :if ([:len [/file find where name=$target]] = 0) do={
            :put ("FAIL files: " . $part . " is not here, and the shop does not give it")
            :set langoStop true
        }
    }
}
:if ($langoStop) do={ :error "Nothing was changed. Copy the whole folder, or look at the way to the shop." }

/import file-name=($langoDir . "lango-check.rsc")
:if ($langoStop) do={ :error "Nothing was changed. Mend what FAIL names, then run this again." }
/import file-name=($langoDir . "lango-hotspot.rsc")
:if ($langoStop) do={ :error "The hotspot is not set up. Mend what FAIL names, then run this again." }
/import file-name=($langoDir . "lango-garden.rsc")
/import file-name=($langoDir . "lango-profiles.rsc")
/import file-name=($langoDir . "lango-pages.rsc")
/import file-name=($langoDir . "lango-report.rsc")
:set langoQuiet false
/import file-name=($langoDir . "lango-test.rsc")
}
