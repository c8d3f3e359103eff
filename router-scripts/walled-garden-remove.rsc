# Lango {{version}}: takes back what walled-garden.rsc made at {{site}}
#
# For RouterOS 7 and 6.49.
# Run it with: /import file-name=walled-garden-remove.rsc
#
# Safe to run again. Rules without the comment "lango: shop" stay as they are.

/ip hotspot walled-garden ip remove [find where comment="lango: shop"]
/ip hotspot walled-garden remove [find where comment="lango: shop"]
:if ([:len [/ip hotspot walled-garden ip find where comment="lango: shop"]] = 0) do={
    :put "PASS garden: the shop's rules are gone"
} else={
    :put "FAIL garden: a rule is still there; remove it by hand"
}
