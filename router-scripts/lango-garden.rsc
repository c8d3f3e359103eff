# Lango {{version}}: the walled garden of {{site}}
#
# Lets phones that are not logged in reach the shop at {{host}}, and nothing else.
# For RouterOS 7 and 6.49, with a hotspot that is set up.
# Run it with: /import file-name=lango-garden.rsc
#
# Safe to run again: it replaces what it made, which has the comment "lango: shop", and leaves
# everything else as it is. To undo it: /import file-name=lango-remove.rsc

# One block, since each line of a file that is imported has variables of its own.
{
:global langoFails
:global langoQuiet
:if ([:typeof $langoFails] != "num") do={ :set langoFails 0 }

# What is there stays until the new rules stand, whatever happens in between.
/ip hotspot walled-garden ip set [find where comment="lango: shop"] comment="lango: former"
/ip hotspot walled-garden set [find where comment="lango: shop" dynamic=no] comment="lango: former"
{{#each ports}}
/ip hotspot walled-garden ip add action=accept {{../match}}="{{../host}}" protocol=tcp \
    dst-port={{this}} comment="lango: shop"
{{/each}}
/ip hotspot walled-garden add action=allow dst-host="{{host}}" comment="lango: shop"
/ip hotspot walled-garden ip remove [find where comment="lango: former"]
/ip hotspot walled-garden remove [find where comment="lango: former" dynamic=no]

:if ([:len [/ip hotspot walled-garden ip find where comment="lango: shop"]] = {{len ports}}) do={
    :if ($langoQuiet != true) do={ :put "PASS garden: phones reach the shop" }
} else={
    :put "FAIL garden: a rule is missing; run this again and read what it says"
    :set langoFails ($langoFails + 1)
}
# The first rule that fits counts: one of yours that forbids must not stand above ours.
:local above 0
:local ours false
:foreach rule in=[/ip hotspot walled-garden ip find where disabled=no] do={
    :if ([:tostr [/ip hotspot walled-garden ip get $rule comment]] = "lango: shop") do={ :set ours true }
    :local does [:tostr [/ip hotspot walled-garden ip get $rule action]]
    :if (!$ours && $does != "accept") do={ :set above ($above + 1) }
}
:if ($above > 0) do={
    :put ("FAIL order: " . $above . " rules of yours forbid before ours allow; drag ours up in WinBox:")
    :put "     IP, Hotspot, Walled Garden IP List"
    :set langoFails ($langoFails + 1)
}
# With these in the garden a phone believes that it is online, and never opens the login page.
:local probes 0
:foreach probe in={"captive.apple";"connectivitycheck";"gstatic";"msftconnect";"clients3.google";"detectportal"} do={
    :set probes ($probes + [:len [/ip hotspot walled-garden find where dst-host~$probe]])
    :set probes ($probes + [:len [/ip hotspot walled-garden ip find where dst-host~$probe]])
}
:if ($probes = 0) do={
    :if ($langoQuiet != true) do={ :put "PASS probes: phones notice that they must log in" }
} else={
    :put ("FAIL probes: " . $probes . " rules let phones believe that they are online; remove them from the garden")
    :set langoFails ($langoFails + 1)
}
}
