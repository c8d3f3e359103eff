# Lango {{version}}: looks whether this router can serve {{site}}
#
# Changes nothing. Prints PASS or FAIL for each thing that hotspots fail at, short enough to read over the phone.
# For RouterOS 7 and 6.49.
# Run it with: /import file-name=lango-check.rsc

# One block, since each line of a file that is imported has variables of its own.
{
:global langoFails
:global langoStop
:global langoInterface
:if ([:typeof $langoFails] != "num") do={ :set langoFails 0 }
:set langoStop false

:local release [:tostr [/system resource get version]]
:local dot [:find $release "."]
:local major [:tonum [:pick $release 0 $dot]]
:local minor [:tonum [:pick $release ($dot + 1) ($dot + 3)]]
:if ([:typeof $minor] != "num") do={ :set minor [:tonum [:pick $release ($dot + 1) ($dot + 2)]] }
:if ($major > 6 || ($major = 6 && $minor >= 49)) do={
    :put ("PASS version: RouterOS " . $release)
} else={
    :put ("FAIL version: RouterOS " . $release . " is too old; update to 6.49 or to 7")
    :set langoFails ($langoFails + 1)
    :set langoStop true
}

# Routers of before 7.17 have no device-mode and allow everything. The command is read when it runs: an older router
# does not know it.
:local forbidden ""
:foreach what in={"hotspot";"fetch";"scheduler"} do={
    :local answer "yes"
    :do {
        :local ask [:parse (":return [/system device-mode get " . $what . "]")]
        :set answer [:tostr [$ask]]
    } on-error={}
    :if ($answer = "no" || $answer = "false") do={ :set forbidden ($forbidden . " " . $what . "=yes") }
}
# A router that once looked attacked is flagged, and takes no new jobs.
:local flagged ""
:do {
    :local ask [:parse ":return [/system device-mode get flagged]"]
    :set flagged [:tostr [$ask]]
} on-error={}
:if ($flagged = "true" || $flagged = "yes") do={ :set forbidden ($forbidden . " flagged=no") }
:if ($forbidden = "") do={
    :put "PASS device-mode: it allows what is needed"
} else={
    :put ("FAIL device-mode: run /system device-mode update" . $forbidden)
    :put "     and then press the button, or cut the power, within five minutes"
    :set langoFails ($langoFails + 1)
    :set langoStop true
}

# Where guests are, or will be.
:local ports [:toarray ""]
:foreach one in=[/ip hotspot find] do={ :set ($ports->[:len $ports]) [:tostr [/ip hotspot get $one interface]] }
:if ([:len $ports] > 0) do={
    :put ("PASS hotspot: there is one on " . ($ports->0))
{{#if login}}
    # The shop sends buyers with their code to this address, and to no other.
    :if ([:len [/ip address find where address~"{{login_pattern}}"]] = 0) do={
        :put "FAIL login: the shop sends buyers to {{login}}, which is not an address of this router. At the shop:"
        :put "     lango site add --id {{site}} --change --name NAME --router-login http://ADDRESS/login"
        :set langoFails ($langoFails + 1)
        :set langoStop true
    }
{{/if}}
} else={
    :if ([:len $langoInterface] > 0) do={
        :set ($ports->0) $langoInterface
        :put ("PASS hotspot: one will be made on " . $langoInterface)
    } else={
        :put "FAIL hotspot: there is no hotspot; say where to make one: :global langoInterface \"bridge-guests\""
        :set langoFails ($langoFails + 1)
        :set langoStop true
    }
}
:if ([:len [/system script find where name="lango-tell"]] > 0) do={
    :if ([:typeof [:find [:tostr [/system script get lango-tell source]] "/router/{{site}}/"]] != "num") do={
        :put "FAIL site: this router sells for another site. Should it be {{site}}'s, first: /import file-name=lango-remove.rsc"
        :set langoFails ($langoFails + 1)
        :set langoStop true
    }
}

# Level 3 and below lets one buyer in, 4 two hundred, 5 five hundred. A CHR names its licence otherwise.
:local level ""
:do {
    :local ask [:parse ":return [/system license get nlevel]"]
    :set level [:tostr [$ask]]
} on-error={}
:if ($level = "0" || $level = "1" || $level = "3") do={
    :put ("FAIL licence: level " . $level . " lets one buyer in at a time; buy level 4 or higher")
    :set langoFails ($langoFails + 1)
} else={
    :if ($level = "4") do={
        :put "PASS licence: level 4, two hundred buyers at a time"
    } else={
        :if ($level = "") do={ :set level "this router names no level; see /system license print" }
        :put ("PASS licence: " . $level)
    }
}

# Routers without a battery start in 1970, 2002 or 2020; Lango is younger than all of these.
:local today [:tostr [/system clock get date]]
:local year [:tonum [:pick $today 0 4]]
:if ([:typeof $year] != "num") do={ :set year [:tonum [:pick $today 7 11]] }
:if ($year < 2026) do={
    :put ("FAIL clock: it says " . $today . "; https fails so. Run:")
    :if ($major = 6) do={
        :put "     /system ntp client set enabled=yes primary-ntp=216.239.35.0"
    } else={
        :put "     /system ntp client set enabled=yes servers=time.cloudflare.com"
    }
    :set langoFails ($langoFails + 1)
} else={
    :put ("PASS clock: " . $today)
}

{{#if is_name}}
:local spot ""
:do {
    :set spot [:tostr [:resolve "{{host}}"]]
    :put "PASS dns: the router finds the shop"
} on-error={
    :put "FAIL dns: the router does not find {{host}}; look at /ip dns"
    :set langoFails ($langoFails + 1)
}
# Behind these networks (Cloudflare's and Fastly's, as they publish them) many shops share addresses that change: a
# phone may get another than the router let through.
:local shared false
:if ([:len $spot] > 0) do={
    :local address [:toip $spot]
{{#each shared}}
    :if ($address in {{this}}) do={ :set shared true }
{{/each}}
    :if ($shared) do={
        :put "FAIL address: the shop stands behind a CDN; give it one steady address of its own"
        :set langoFails ($langoFails + 1)
    } else={
        :put "PASS address: it is the shop's own"
    }
}
{{/if}}

:local answers false
:do {
    :local page [/tool fetch url="{{origin}}/healthz" check-certificate=no output=user as-value]
    :if ([:len ($page->"data")] > 0) do={ :set answers true }
} on-error={}
:if ($answers) do={
    :put "PASS shop: it answers"
} else={
    :put "FAIL shop: {{host}} does not answer this router; look at its way to the Internet, and at the clock"
    :set langoFails ($langoFails + 1)
}
{{#if secure}}
:do {
    :local page [/tool fetch url="{{origin}}/healthz" check-certificate={{check}} output=user as-value]
    :put "PASS certificate: the router believes the shop's"
} on-error={
    :put "FAIL certificate: the router does not know who signed the shop's. Run:"
    {{> trust}}
    :set langoFails ($langoFails + 1)
}
{{/if}}

:if ([/system resource get free-hdd-space] > 300000) do={
    :put "PASS space: enough for the pages"
} else={
    :put "FAIL space: less than 300 KB are free; delete old files and backups"
    :set langoFails ($langoFails + 1)
    :set langoStop true
}

# Hotspots know IPv4 only: what goes by IPv6 goes past them.
:local leaks 0
:foreach port in=$ports do={
    :do {
        :local ask [:parse (":return [:len [/ipv6 address find where interface=\"" . $port . "\" link-local=no]]")]
        :set leaks ($leaks + [$ask])
    } on-error={}
}
:if ($leaks = 0) do={
    :put "PASS ipv6: nothing goes past the hotspot by it"
} else={
    :put "FAIL ipv6: guests get addresses and go past the hotspot; remove them under /ipv6 address"
    :set langoFails ($langoFails + 1)
}

# What is fast-tracked passes the hotspot's queues: no speed holds, and data is miscounted.
:if ([:len [/ip firewall filter find where action=fasttrack-connection disabled=no]] = 0) do={
    :put "PASS fasttrack: off, so that speeds hold"
} else={
    :put "FAIL fasttrack: it goes past the speeds that you sell. Run:"
    :put "     /ip firewall filter disable [find where action=fasttrack-connection]"
    :set langoFails ($langoFails + 1)
}

:local free [:len [/ip hotspot ip-binding find where type=bypassed disabled=no]]
:if ($free = 0) do={
    :put "PASS bypass: nobody passes without a code"
} else={
    :put ("FAIL bypass: " . $free . " pass without a code; look at /ip hotspot ip-binding whether they should")
    :set langoFails ($langoFails + 1)
}
}
