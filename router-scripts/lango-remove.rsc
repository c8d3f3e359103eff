# Lango {{version}}: takes Lango off the router of {{site}}
#
# Puts the hotspot's former profile back and removes what Lango made: jobs, rules, profiles, pages, and a hotspot of its
# own making with all that belongs to it. Users stay, so that nobody who has paid loses a code; yours stay as they were.
# For RouterOS 7 and 6.49.
# Run it with: /import file-name=lango-remove.rsc
#
# Safe to run again.

# One block, since each line of a file that is imported has variables of its own.
{
:local dir ""
:if ([:len [/file find where name="flash"]] > 0) do={ :set dir "flash/" }
/system scheduler remove [find where name="lango-tell"]
/system script remove [find where name="lango-tell"]
/system script remove [find where name="lango-list"]

# A hotspot that we made goes, with all that belongs to it; one that was there gets its profile back.
/ip hotspot remove [find where name="lango" address-pool="lango"]
/ip dhcp-server remove [find where name="lango" address-pool="lango"]
/ip dhcp-server network remove [find where comment="lango: hotspot"]
/ip pool remove [find where name="lango"]
/ip firewall nat remove [find where comment="lango: hotspot"]
/ip address remove [find where comment="lango: hotspot"]
# What still has our profile goes back to the one before, or to the router's own.
:local former "default"
:local given [:len [/ip hotspot find where profile="lango"]]
:if ([:len [/system script find where name="lango-former"]] > 0) do={
    :set former [:tostr [/system script get lango-former source]]
}
:if ([:len [/ip hotspot profile find where name=$former]] = 0) do={ :set former "default" }
/ip hotspot set [find where profile="lango"] profile=$former
/ip hotspot profile remove [find where name="lango"]
/system script remove [find where name="lango-former"]
/ip hotspot walled-garden ip remove [find where comment~"^lango: "]
/ip hotspot walled-garden remove [find where comment~"^lango: " dynamic=no]
# A profile whose users are still there stays, with its speeds, and without what Lango added.
:foreach p in=[/ip hotspot user profile find where on-login~"^# lango"] do={
    :local title [/ip hotspot user profile get $p name]
    :if ([:len [/ip hotspot user find where profile=$title]] = 0) do={
        /ip hotspot user profile remove $p
    } else={
        # Two devices were let in so that the newest could win; nobody sees to that any more.
        :if ([:typeof [:find [:tostr [/ip hotspot user profile get $p on-login]] "active"]] = "num") do={
            /ip hotspot user profile set $p shared-users=1
        }
        /ip hotspot user profile set $p on-login=""
    }
}
/file remove [find where name~("^" . $dir . "lango/")]
/file remove [find where name=($dir . "lango")]
/file remove [find where name~("^" . $dir . "lango-.*\\.rsc\$") name!=($dir . "lango-before.rsc") \
    name!=($dir . "lango-codes.rsc")]

:local left [:len [/ip hotspot find where profile="lango"]]
:set left ($left + [:len [/ip hotspot walled-garden find where comment~"^lango: " dynamic=no]])
:set left ($left + [:len [/ip hotspot walled-garden ip find where comment~"^lango: "]])
:set left ($left + [:len [/system scheduler find where name="lango-tell"]])
:if ($left = 0) do={
    :if ($given > 0) do={
        :put ("PASS removed: the hotspot has the profile " . $former . " again")
    } else={
        :put "PASS removed: nothing of Lango's is left but users"
    }
    :put ("     what was there before is in " . $dir . "lango-before.rsc")
    :put "     Tell the owner to run: lango router forget --site {{site}}"
} else={
    :put ("FAIL removed: " . $left . " things are still there; run this again and read what it says")
}
}
