# Lango {{version}}: the self-test of {{site}}
#
# Changes nothing but the report, which it sends once. Prints PASS or FAIL for each thing that a sale needs.
# For RouterOS 7 and 6.49.
# Run it with: /import file-name=lango-test.rsc

# One block, since each line of a file that is imported has variables of its own.
{
:global langoFails
:global langoHeard
:global langoQuiet
# Only lango-install.rsc hands its own failures on.
:if ([:typeof $langoFails] != "num" || $langoQuiet != true) do={ :set langoFails 0 }
:set langoQuiet false

:local ours [/ip hotspot find where profile="lango"]
:if ([:len $ours] = 0) do={
    :put "FAIL hotspot: none has our pages; run lango-install.rsc"
    :set langoFails ($langoFails + 1)
} else={
    :if ([/ip hotspot get ($ours->0) disabled] = true) do={
        :put "FAIL hotspot: it is switched off. Run: /ip hotspot enable [find where profile=lango]"
        :set langoFails ($langoFails + 1)
    } else={
        :if ([/ip hotspot get ($ours->0) invalid] = true) do={
            :put "FAIL hotspot: it does not run; look at /ip hotspot print and at device-mode"
            :set langoFails ($langoFails + 1)
        } else={
            :put "PASS hotspot: it runs"
        }
    }
}
:local folder "none"
:if ([:len [/ip hotspot profile find where name="lango"]] > 0) do={
    :set folder [:tostr [/ip hotspot profile get [find where name="lango"] html-directory]]
}
# A board with a folder flash may write it without.
:local there [:len [/file find where name=($folder . "/login.html")]]
:set there ($there + [:len [/file find where name=("flash/" . $folder . "/login.html")]])
# Where a second folder is named, its pages are shown instead.
:local other ""
:do {
    :local ask [:parse ":return [/ip hotspot profile get [find where name=lango] html-directory-override]"]
    :set other [:tostr [$ask]]
} on-error={ :log info "lango: this router has one folder of pages" }
:if ([:len $other] > 0) do={ :set folder $other }
:if ($there = 1 && [:typeof [:find $folder "lango"]] = "num") do={
    :put "PASS pages: the hotspot shows ours"
} else={
    :put ("FAIL pages: the hotspot shows " . $folder . "; run lango-install.rsc")
    :set langoFails ($langoFails + 1)
}
:local promised 0
{{#each profiles}}
:set promised ($promised + [:len [/ip hotspot user profile find where name={{ros profile}}]])
{{/each}}
:if ($promised = {{len profiles}} && $promised > 0) do={
    :put ("PASS profiles: " . $promised)
} else={
{{#if profiles}}
    :put ("FAIL profiles: " . $promised . " of {{len profiles}}; run lango-profiles.rsc")
{{else}}
    :put "FAIL profiles: the shop sells nothing at this site yet; add a package, then run lango-upgrade.rsc"
{{/if}}
    :set langoFails ($langoFails + 1)
}
:if ([:len [/ip hotspot walled-garden ip find where comment="lango: shop" disabled=no]] = {{len ports}}) do={
    :put "PASS garden: phones reach the shop"
} else={
    :put "FAIL garden: phones do not reach the shop; run lango-garden.rsc"
    :set langoFails ($langoFails + 1)
}
:set langoHeard 0
:do {
    /system script run lango-tell
} on-error={ :log warning "lango: the self-test's report failed" }
:if ($langoHeard > 0) do={
    :put "PASS report: the shop has heard of this router"
} else={
    :do {
        :local page [/tool fetch url="{{origin}}/healthz" check-certificate={{check}} output=user as-value]
        :put "FAIL report: the shop did not take it; take a new line from the desk's Routers"
    } on-error={ :put "FAIL report: the shop does not answer this router; run lango-check.rsc" }
    :set langoFails ($langoFails + 1)
}
:if ([:len [/system scheduler find where name="lango-tell" disabled=no]] = 1) do={
    :put "PASS clockwork: it reports every minute"
} else={
    :put "FAIL clockwork: nothing reports; run lango-report.rsc"
    :set langoFails ($langoFails + 1)
}
:local codes 0
{{#each profiles}}
:set codes ($codes + [:len [/ip hotspot user find where profile={{ros profile}} disabled=no]])
{{/each}}
:if ($codes > 0) do={ :put ("PASS codes: " . $codes . " of what the shop sells") }
:if ($langoFails > 0) do={
    :put ($langoFails . " FAIL. Mend the first one, then run this again.")
} else={
    :if ($codes > 0) do={
        :put "Ready. Buy the cheapest package with a phone now."
    } else={
        :put "Ready for codes: there are none yet. Make some with lango-vouchers.rsc, or import and upload yours."
    }
}
}
