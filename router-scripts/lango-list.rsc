# Lango {{version}}: tells the shop of {{site}} all codes that the router knows; lango-report.rsc installs it

# One block, since each line of a file that is imported has variables of its own.
{
# Both are lango-tell's, which runs this.
:global langoHead
:global langoHeard
:local all [/ip hotspot user find]
:local count [:len $all]
# So many fit into what a router can send at once.
:local pieces (($count + 499) / 500)
:if ($pieces = 0) do={ :set pieces 1 }
:for piece from=1 to=$pieces do={
    :local told ($langoHead . "list " . $langoHeard . " " . $piece . " " . $pieces . "\n")
    :local last ($piece * 500)
    :if ($last > $count) do={ :set last $count }
    # The pieces of an empty list have nothing to count from.
    :foreach u in=[:pick $all (($piece - 1) * 500) $last] do={
        :local flags "-"
        :if ([/ip hotspot user get $u uptime] > 0s) do={ :set flags ($flags . "u") }
        :if ([/ip hotspot user get $u disabled]) do={ :set flags ($flags . "x") }
        :set told ($told . "known " . $flags . " " . [/ip hotspot user get $u name] . "\n")
    }
    /tool fetch url="{{base}}/report" http-method=post http-data=$told check-certificate={{check}} \
        http-header-field="Authorization: Bearer {{key}}" output=user as-value
}
}
