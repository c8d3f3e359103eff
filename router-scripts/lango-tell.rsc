# Lango {{version}}: what the router of {{site}} tells the shop, every minute; lango-report.rsc installs it

# One block, since each line of a file that is imported has variables of its own.
{
:global langoHead
:global langoHeard
:local pages "none"
:if ([:len [/ip hotspot find where profile="lango" disabled=no]] > 0 && \
    [:len [/ip hotspot profile find where name="lango" html-directory~"lango"]] > 0) do={ :set pages "{{edition}}" }
:set langoHead ("lango-report 1\nrouteros " . [/system resource get version] . "\npages " . $pages . "\nclock " . \
    [/system clock get date] . " " . [/system clock get time] . "\nusers " . [:len [/ip hotspot user find]] . "\n")
:local told $langoHead
:foreach s in=[/ip hotspot active find] do={
    :local who [/ip hotspot active get $s user]
    :local flags "u"
    :if ([:len [/ip hotspot user find where name=$who comment~"lango: until="]] > 0) do={ :set flags "us" }
    :set told ($told . "known " . $flags . " " . $who . "\n")
}
:local post do={
    :return ([/tool fetch url="{{base}}/report" http-method=post http-data=$1 check-certificate={{check}} \
        http-header-field="Authorization: Bearer {{key}}" output=user as-value]->"data")
}
:local answer ""
:do {
    :set answer [$post $told]
} on-error={ :log warning "lango: the shop did not answer"; :error "the shop did not answer" }
# Half an answer is not an answer.
:if ([:pick $answer ([:len $answer] - 4) [:len $answer]] != "end\n") do={ :error "the answer was cut off" }

:local now 0
:local list false
:local done ""
:while ([:len $answer] > 0) do={
    :local cut [:find $answer "\n"]
    :local line [:pick $answer 0 $cut]
    :set answer [:pick $answer ($cut + 1) [:len $answer]]
    :if ([:pick $line 0 5] = "time ") do={ :set now [:tonum [:pick $line 5 [:len $line]]] }
    :if ($line = "list") do={ :set list true }
    :if ([:pick $line 0 4] = "off ") do={
        :local who [:pick $line 4 [:len $line]]
        /ip hotspot user set [find where name=$who] disabled=yes
        /ip hotspot active remove [find where user=$who]
        /ip hotspot cookie remove [find where user=$who]
        :set done ($done . "off " . $who . "\n")
    }
    # Time runs from the first login, by the shop's clock: this router's own may be wrong after a power cut.
    :if ([:pick $line 0 5] = "ends ") do={
        :local b [:find $line " " 6]
        :local c [:find $line " " ($b + 1)]
        :local d [:find $line " " ($c + 1)]
        :local who [:pick $line ($d + 1) [:len $line]]
        :foreach u in=[/ip hotspot user find where name=$who] do={
            :local note ([:tostr [/ip hotspot user get $u comment]] . " lango: until=" . [:pick $line 5 $b])
            /ip hotspot user set $u comment=$note
            # Who came without limits gets those of the package.
            :local limit [:tostr [/ip hotspot user get $u limit-uptime]]
            :if ($limit = "" || $limit = "0s" || $limit = "00:00:00") do={
                :local secs [:totime [:tonum [:pick $line ($b + 1) $c]]]
                /ip hotspot user set $u limit-uptime=($secs + [/ip hotspot user get $u uptime])
            }
            :local most [:tonum [:pick $line ($c + 1) $d]]
            :set limit [:tostr [/ip hotspot user get $u limit-bytes-total]]
            :if ($most > 0 && ($limit = "" || $limit = "0")) do={ /ip hotspot user set $u limit-bytes-total=$most }
        }
    }
}
:set langoHeard $now

:foreach u in=[/ip hotspot user find where disabled=no comment~"lango: until="] do={
    :local note [/ip hotspot user get $u comment]
    :local place ([:find $note "lango: until="] + 13)
    :if ([:tonum [:pick $note $place ($place + 10)]] <= $now) do={
        :local who [/ip hotspot user get $u name]
        /ip hotspot user set $u disabled=yes
        /ip hotspot active remove [find where user=$who]
        /ip hotspot cookie remove [find where user=$who]
    }
}
:if ([:len $done] > 0) do={ $post ($langoHead . $done) }
:if ($list) do={ /system script run lango-list }
}
