# Lango {{version}}: the walled garden of {{site}}
#
# Lets phones that are not logged in reach the shop at {{host}}, and nothing else.
# For RouterOS 7 and 6.49, with a hotspot that is set up.
# Run it with: /import file-name=walled-garden.rsc
#
# Safe to run again: it replaces what it made, which has the comment "lango: shop", and leaves
# everything else as it is. To undo it: /import file-name=walled-garden-remove.rsc

# What is there stays until the new rules stand, whatever happens in between.
/ip hotspot walled-garden ip set [find where comment="lango: shop"] comment="lango: former"
/ip hotspot walled-garden set [find where comment="lango: shop"] comment="lango: former"
{{#each ports}}
/ip hotspot walled-garden ip add action=accept {{../match}}="{{../host}}" protocol=tcp \
    dst-port={{this}} comment="lango: shop"
{{/each}}
/ip hotspot walled-garden add action=allow dst-host="{{host}}" comment="lango: shop"
/ip hotspot walled-garden ip remove [find where comment="lango: former"]
/ip hotspot walled-garden remove [find where comment="lango: former"]

# What came of it, short enough to read over the phone: PASS, or what to do.
:if ([:len [/ip hotspot find]] > 0) do={
    :put "PASS hotspot: there is one"
} else={
    :put "FAIL hotspot: none is set up; run /ip hotspot setup first"
}
:if ([:len [/ip hotspot walled-garden ip find where comment="lango: shop"]] = {{len ports}}) do={
    :put "PASS garden: phones reach the shop"
} else={
    :put "FAIL garden: a rule is missing; run this again and read what it says"
}
{{#if is_name}}
:do {
    :resolve "{{host}}"
    :put "PASS dns: the router finds the shop"
} on-error={
    :put "FAIL dns: the router does not find {{host}}; look at /ip dns"
}
{{/if}}
