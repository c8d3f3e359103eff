# Lango {{version}}: the hotspot of {{site}}
#
# Keeps an export of the router and the name of the hotspot's profile first. Then it gives the hotspot that is there a
# profile of its own, "lango", a copy of the one it had; that one and all others stay as they are. Where there is no
# hotspot it makes one on the interface that is named:
#   :global langoInterface "bridge-guests"
# Where there are several, say which:
#   :global langoServer "hotspot1"
# Phones log in with http-chap, and come back by mac-cookie. Plain passwords only if you say so (false takes it back):
#   :global langoPap true
# For RouterOS 7 and 6.49.
# Run it with: /import file-name=lango-hotspot.rsc
#
# Safe to run again. To undo it: /import file-name=lango-remove.rsc

# One block, since each line of a file that is imported has variables of its own.
{
:global langoDir
:global langoFails
:global langoQuiet
:global langoStop
:global langoInterface
:global langoServer
:global langoPap
:if ([:typeof $langoFails] != "num") do={ :set langoFails 0 }
:set langoStop false
:local methods "http-chap,mac-cookie"
# What was said once holds until something else is said, though a restart forgets it.
:local plain $langoPap
:if ([:typeof $plain] != "bool" && [:len [/ip hotspot profile find where name="lango"]] > 0) do={
    :local before [:tostr [/ip hotspot profile get [find where name="lango"] login-by]]
    :set plain ([:typeof [:find $before "http-pap"]] = "num")
}
:if ($plain = true) do={ :set methods "http-chap,http-pap,mac-cookie" }

# What was there, once: a second run must not keep what the first one made. A slow board writes for a minute.
:local before ($langoDir . "lango-before.rsc")
:if ([:len [/file find where name=$before]] = 0 && [:len [/ip hotspot profile find where name="lango"]] = 0) do={
    :do {
        /export file=($langoDir . "lango-before")
    } on-error={ :log warning "lango: the router was not exported" }
    :local tries 0
    :while ([:len [/file find where name=$before]] = 0 && $tries < 90) do={
        :delay 1s
        :set tries ($tries + 1)
    }
    :if ([:len [/file find where name=$before]] = 0) do={
        :put "FAIL export: the router was not exported. Make one by hand, then run this again:"
        :put ("     /export file=" . $langoDir . "lango-before")
        :set langoFails ($langoFails + 1)
        :set langoStop true
    }
}

:if ([:len [/ip hotspot find]] = 0 && [:len $langoInterface] > 0 && !$langoStop) do={
    # What stands there already is yours, and would be in the way of what is made here.
    :local why ""
    :if ([:len [/interface find where name=$langoInterface]] = 0) do={
        :set why ("there is no " . $langoInterface . "; see /interface print")
    }
    :if ([:len [/interface bridge port find where interface=$langoInterface]] > 0) do={
        :set why ($langoInterface . " is a port of a bridge; name the bridge")
    }
    :if ([:len [/ip dhcp-server find where interface=$langoInterface disabled=no name!="lango"]] > 0) do={
        :set why ($langoInterface . " has a DHCP server; use a bridge of its own for guests, or run /ip hotspot setup")
    }
    :if ([:len [/ip address find where address="{{network}}.1/24" comment!="lango: hotspot"]] > 0) do={
        :set why "{{network}}.1 is in use here; register another login address for this site at the shop"
    }
    :if ($why != "") do={
        :put ("FAIL interface: " . $why)
        :set langoFails ($langoFails + 1)
        :set langoStop true
    } else={
        :if ([:len [/ip address find where comment="lango: hotspot"]] = 0) do={
            /ip address add address={{network}}.1/24 interface=$langoInterface comment="lango: hotspot"
        }
        :if ([:len [/ip pool find where name="lango"]] = 0) do={
            /ip pool add name="lango" ranges={{network}}.10-{{network}}.254
        }
        :if ([:len [/ip dhcp-server find where name="lango"]] = 0) do={
            /ip dhcp-server add name="lango" interface=$langoInterface address-pool="lango" \
                lease-time=1h disabled=no
        }
        :if ([:len [/ip dhcp-server network find where comment="lango: hotspot"]] = 0) do={
            /ip dhcp-server network add address={{network}}.0/24 gateway={{network}}.1 \
                dns-server={{network}}.1 comment="lango: hotspot"
        }
        # Phones ask this router for names; it asks whom it was given by its provider, or these.
        :if ([:len [/ip dns get servers]] = 0 && [:len [/ip dns get dynamic-servers]] = 0) do={
            /ip dns set servers=1.1.1.1,8.8.8.8
        }
        :if ([:len [/ip firewall nat find where comment="lango: hotspot"]] = 0) do={
            /ip firewall nat add chain=srcnat action=masquerade src-address={{network}}.0/24 \
                comment="lango: hotspot"
        }
        :if ([:len [/ip hotspot profile find where name="lango"]] = 0) do={
            /ip hotspot profile add name="lango" hotspot-address={{network}}.1
        }
        /ip hotspot add name="lango" interface=$langoInterface address-pool="lango" profile="lango" \
            disabled=no
        :set langoServer "lango"
    }
}

:local servers [/ip hotspot find where profile="lango"]
:if ([:len $servers] = 0) do={ :set servers [/ip hotspot find] }
:if ([:len $langoServer] > 0) do={ :set servers [/ip hotspot find where name=$langoServer] }
:if ($langoStop) do={ :set servers [:toarray ""] }
:if ([:len $servers] != 1) do={
    :if (!$langoStop) do={
        :if ([:len $langoServer] > 0) do={
            :put ("FAIL hotspot: there is no " . $langoServer . "; see /ip hotspot print")
        } else={
            :put ("FAIL hotspot: there are " . [:len $servers] . "; say which: :global langoServer \"hotspot1\"")
        }
        :set langoFails ($langoFails + 1)
        :set langoStop true
    }
} else={
    :local former [/ip hotspot get ($servers->0) profile]
    :if ($former != "lango") do={
        :if ([:len [/system script find where name="lango-former"]] = 0) do={
            /system script add name="lango-former" source=$former comment="lango: the profile before"
        }
        :if ([:len [/ip hotspot profile find where name="lango"]] = 0) do={
            /ip hotspot profile add name="lango" copy-from=[/ip hotspot profile find where name=$former]
        }
        /ip hotspot set ($servers->0) profile="lango"
    }
    # Pages of another folder would be shown instead of ours. Older routers know no such setting.
    :do {
        :local clear [:parse "/ip hotspot profile set [find where name=lango] html-directory-override=\"\""]
        $clear
    } on-error={ :log info "lango: this router has one folder of pages" }
    /ip hotspot profile set [find where name="lango"] login-by=$methods
    :if ([/ip hotspot get ($servers->0) profile] = "lango") do={
        :if ($langoQuiet != true) do={ :put "PASS profile: the hotspot has one of its own" }
    } else={
        :put "FAIL profile: the hotspot did not take it; run this again and read what it says"
        :set langoFails ($langoFails + 1)
    }
}
}
