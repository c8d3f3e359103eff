# Lango {{version}}: the user profiles of {{site}}
#
# One for each package of the shop, with the devices and speeds that it promises. On a package of one device the newest
# one wins: the other is logged out. A profile of yours that has the name of one of these stays as it is, and you are
# told where it differs.
# For RouterOS 7 and 6.49.
# Run it with: /import file-name=lango-profiles.rsc
#
# Safe to run again. To undo it: /import file-name=lango-remove.rsc

# One block, since each line of a file that is imported has variables of its own.
{
:global langoFails
:global langoQuiet
:if ([:typeof $langoFails] != "num") do={ :set langoFails 0 }

{{#each profiles}}
{{#if torn}}
:put ("FAIL profile: " . {{ros profile}} . " is shared by packages of other devices or speeds; give each its own")
:set langoFails ($langoFails + 1)
{{/if}}
:if ([:len [/ip hotspot user profile find where name={{ros profile}}]] = 0) do={
    /ip hotspot user profile add name={{ros profile}} on-login={{ros ../mark}}
}
:local login [:tostr [/ip hotspot user profile get [find where name={{ros profile}}] on-login]]
:if ([:pick $login 0 7] = "# lango") do={
    /ip hotspot user profile set [find where name={{ros profile}}] shared-users={{shared}} \
        rate-limit={{ros rate}} add-mac-cookie=yes mac-cookie-timeout={{seconds}}s \
        keepalive-timeout=10m transparent-proxy=no on-login={{ros on_login}}
    :if ($langoQuiet != true) do={ :put ("PASS profile: " . {{ros profile}}) }
} else={
    :local devices [:tostr [/ip hotspot user profile get [find where name={{ros profile}}] shared-users]]
    :if ($devices = "{{devices}}") do={
        :if ($langoQuiet != true) do={ :put ("PASS profile: " . {{ros profile}} . ", yours, stays as it is") }
{{#if rate}}
        :if ([:len [:tostr [/ip hotspot user profile get [find where name={{ros profile}}] rate-limit]]] = 0) do={
            :put ("FAIL profile: " . {{ros profile}} . " is yours and has no rate-limit; the shop sells {{rate}}")
            :set langoFails ($langoFails + 1)
        }
{{/if}}
    } else={
        :put ("FAIL profile: " . {{ros profile}} . " is yours and allows " . $devices . " devices, not {{devices}}")
        :set langoFails ($langoFails + 1)
    }
}
{{else}}
:put "FAIL profile: the shop sells nothing at this site yet; add a package, then run lango-upgrade.rsc"
:set langoFails ($langoFails + 1)
{{/each}}
}
