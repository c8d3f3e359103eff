# Lango {{version}}: makes codes for {{site}}
#
# So many codes of eight signs for each package, none that looks like another: with 31 signs there are over eight
# million possible codes for each one, were there a hundred thousand. The shop learns of them at once; where it does not
# answer you are told how to export them for an upload at the desk.
# For RouterOS 7. RouterOS 6.49 cannot draw lots, and says so: let the shop make the codes.
# Run it with: /import file-name=lango-vouchers.rsc
# For another number of codes, first: :global langoCount 200
#
# Each run makes new codes. To undo one: void its batch at the desk.

# One block, since each line of a file that is imported has variables of its own.
{
:global langoCount
:local wanted 100
:if ([:typeof $langoCount] != "nothing" && [:typeof $langoCount] != "nil") do={ :set wanted [:tonum $langoCount] }
:if ([:typeof $wanted] != "num" || $wanted < 1 || $wanted > 10000) do={
    :error "FAIL codes: langoCount is a number from 1 to 10000: :global langoCount 200"
}
# Read when it runs: RouterOS 6 does not know it.
:local draw ""
:do {
    :set draw [:parse ":return [:rndstr length=8 from=23456789ABCDEFGHJKMNPQRSTUVWXYZ]"]
} on-error={
    :put "FAIL codes: this RouterOS cannot draw lots. Let the shop make them, then import its file here:"
    :error "lango vouchers make --site {{site}} --package NAME --out codes.rsc"
}
{{#each profiles}}
:local made 0
:local told true
:local lines "/ip hotspot user\n"
:while ($made < $wanted) do={
    :local code [$draw]
    :if ([:len [/ip hotspot user find where name=$code]] = 0) do={
        /ip hotspot user add name=$code password=$code profile={{ros profile}} \
            limit-uptime={{seconds}}s{{#if bytes}} limit-bytes-total={{bytes}}{{/if}} comment="lango: made here"
        :set lines ($lines . "add name=" . $code . " password=" . $code . " profile=" . {{ros (ros profile)}} . \
            " limit-uptime={{seconds}}s{{#if bytes}} limit-bytes-total={{bytes}}{{/if}} comment=\"lango: made here\"\n")
        :set made ($made + 1)
    }
    # What is sent at once must not grow too large.
    :if ($made = $wanted || [:len $lines] > 40000) do={
        :do {
            :local done [/tool fetch url="{{../base}}/codes" http-method=post http-data=$lines output=user as-value \
                check-certificate={{../check}} http-header-field="Authorization: Bearer {{../key}}"]
        } on-error={
            :put "FAIL upload: the shop did not take them. Export the users and upload the file at the desk:"
            :put "     /ip hotspot user export show-sensitive file=lango-codes"
            :set told false
        }
        :set lines "/ip hotspot user\n"
    }
}
:if ($told) do={ :put ("PASS codes: made " . $made . " of " . {{ros profile}}) }
{{/each}}
}
