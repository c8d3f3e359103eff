# Lango {{version}}: the report of {{site}}
#
# Has this router tell the shop every minute who is online, and now and then which codes it knows; the answer says which
# void codes to switch off, and what time it is. The router calls the shop, never the other way round.
# For RouterOS 7 and 6.49.
# Run it with: /import file-name=lango-report.rsc
#
# Safe to run again. To undo it: /import file-name=lango-remove.rsc

# One block, since each line of a file that is imported has variables of its own.
{
:global langoFails
:global langoQuiet
:if ([:typeof $langoFails] != "num") do={ :set langoFails 0 }

# The jobs stand in here: an old router reads no more than 4 KB of another file.
:if ([:len [/system script find where name="lango-tell"]] = 0) do={
    /system script add name="lango-tell" comment="lango: report" policy=read,write,test,policy source=""
}
:if ([:len [/system script find where name="lango-list"]] = 0) do={
    /system script add name="lango-list" comment="lango: report" policy=read,write,test,policy source=""
}
/system script set [find where name="lango-tell"] source={{ros tell}}
/system script set [find where name="lango-list"] source={{ros list}}
# Each minute, from a day long past: a clock that is behind after a power cut has passed it too, and a job with the
# standard start never ran on 7.24.0 to 7.24.4. Dates are written otherwise since 7.10.
:local start "1970-01-02"
:if ([:typeof [:find [:tostr [/system clock get date]] "/"]] = "num") do={ :set start "jan/02/1970" }
:if ([:len [/system scheduler find where name="lango-tell"]] = 0) do={
    /system scheduler add name="lango-tell" comment="lango: report" interval=1m on-event="lango-tell" \
        start-date=$start start-time=00:00:00 policy=read,write,test,policy
} else={
    /system scheduler set [find where name="lango-tell"] start-date=$start start-time=00:00:00 interval=1m disabled=no
}
:if ([:len [/system script find where name="lango-tell"]] = 1) do={
    :if ($langoQuiet != true) do={ :put "PASS report: it runs every minute" }
} else={
    :put "FAIL report: the job was not taken; is device-mode scheduler=yes?"
    :set langoFails ($langoFails + 1)
}
}
