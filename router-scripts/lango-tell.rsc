# Lango {{version}}: what the router of {{site}} tells the shop, every minute; lango-report.rsc installs it

# One block, since each line of a file that is imported has variables of its own.
{
:global langoHead
:global langoHeard
:local lasts ({ {{~#each profiles}}{{ros profile}}={{seconds}}{{#unless @last}};{{/unless}}{{/each~}} })
{{#if limited}}
:local datas ({ {{~#each limited}}{{ros profile}}={{bytes}}{{#unless @last}};{{/unless}}{{/each~}} })
{{/if}}
:local pages "none"
:if ([:len [/ip hotspot find where profile="lango" disabled=no]] > 0 && \
    [:len [/ip hotspot profile find where name="lango" html-directory~"lango"]] > 0) do={ :set pages "{{edition}}" }
:set langoHead ("lango-report 1\nrouteros " . [/system resource get version] . "\npages " . $pages . "\nclock " . \
    [/system clock get date] . " " . [/system clock get time] . "\n")
:local told $langoHead
:foreach s in=[/ip hotspot active find] do={ :set told ($told . "known u " . [/ip hotspot active get $s user] . "\n") }
:local post do={
    :return ([/tool fetch url="{{base}}/report" http-method=post http-data=$1 check-certificate={{check}} \
        http-header-field="Authorization: Bearer {{key}}" output=user as-value]->"data")
}
:local answer ""
:do {
    :set answer [$post $told]
} on-error={ :log warning "lango: the shop did not answer"; :error "the shop did not answer" }
# Half an answer is none.
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
}
:set langoHeard $now

# Time runs from the first login, by the shop's clock: this router's own may be wrong after a power cut.
:foreach s in=[/ip hotspot active find] do={
    :local who [/ip hotspot active get $s user]
    :foreach u in=[/ip hotspot user find where name=$who] do={
        :local note [:tostr [/ip hotspot user get $u comment]]
        :local secs ($lasts->[:tostr [/ip hotspot user get $u profile]])
        :if ([:typeof [:find $note "lango: until="]] = "nil" && [:typeof $secs] = "num") do={
            :local left [:find $note "left="]
            :if ([:typeof $left] = "num") do={ :set secs [:tonum [:pick $note ($left + 5) [:len $note]]] }
            /ip hotspot user set $u comment=($note . " lango: until=" . ($now + $secs))
            # Who came without limits gets those of the package.
            :local limit [:tostr [/ip hotspot user get $u limit-uptime]]
            :if ($limit = "" || $limit = "0s" || $limit = "00:00:00") do={
                /ip hotspot user set $u limit-uptime=([:totime $secs] + [/ip hotspot user get $u uptime])
            }
{{#if limited}}
            :local most ($datas->[:tostr [/ip hotspot user get $u profile]])
            :set limit [:tostr [/ip hotspot user get $u limit-bytes-total]]
            :if ([:typeof $most] = "num" && ($limit = "" || $limit = "0")) do={
                /ip hotspot user set $u limit-bytes-total=$most
            }
{{/if}}
        }
    }
}
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
