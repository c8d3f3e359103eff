# Lango {{version}}: brings the router of {{site}} up to date
#
# Fetches scripts and pages anew and installs them over the old ones: after a change of packages, name, look, language or
# phone number, and after an update of the shop. Nobody is logged out.
# For RouterOS 7 and 6.49.
# Run it with: /import file-name=lango-upgrade.rsc
#
# Safe to run again. To undo everything: /import file-name=lango-remove.rsc

# One block, since each line of a file that is imported has variables of its own.
{
:global langoDir ""
:if ([:len [/file find where name="flash"]] > 0) do={ :set langoDir "flash/" }
:do {
    :local done [/tool fetch url="{{base}}/{{key}}/lango-install.rsc" dst-path=($langoDir . "lango-install.rsc") \
        check-certificate={{check}} as-value]
} on-error={ :error "FAIL upgrade: the shop does not answer; if it does, take a new line from the desk's Routers." }
/import file-name=($langoDir . "lango-install.rsc")
}
