# Lango {{version}}: takes back what walled-garden.rsc made at {{site}}
#
# For RouterOS 7 and 6.49.
# Run it with: /import file-name=walled-garden-remove.rsc
#
# Safe to run again. Rules whose comment does not begin with "lango: " stay as they are.

/ip hotspot walled-garden ip remove [find where comment~"^lango: "]
/ip hotspot walled-garden remove [find where comment~"^lango: "]
:if ([:len [/ip hotspot walled-garden ip find where comment~"^lango: "]] = 0) do={
    :put "PASS garden: the shop's rules are gone"
} else={
    :put "FAIL garden: a rule is still there; remove it by hand"
}
