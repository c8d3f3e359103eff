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
:global langoDir
:global langoFails
:global langoQuiet
:if ([:typeof $langoFails] != "num") do={ :set langoFails 0 }
:if ([:len [/file find where name="flash"]] > 0) do={ :set langoDir "flash/" }

:foreach job in={"lango-tell";"lango-list"} do={
    :local text [/file get [find where name=($langoDir . $job . ".rsc")] contents]
    :if ([:len [/system script find where name=$job]] = 0) do={
        /system script add name=$job comment="lango: report" source=$text policy=read,write,test,policy
    } else={
        /system script set [find where name=$job] source=$text
    }
}
# From now on, each minute. Without a start of its own the job never ran on 7.24.0 to 7.24.4.
:if ([:len [/system scheduler find where name="lango-tell"]] = 0) do={
    /system scheduler add name="lango-tell" comment="lango: report" interval=1m on-event="lango-tell" \
        start-date=[/system clock get date] start-time=00:00:00 policy=read,write,test,policy
}
:if ([:len [/system script find where name="lango-tell"]] = 1) do={
    :if ($langoQuiet != true) do={ :put "PASS report: it runs every minute" }
} else={
    :put "FAIL report: the job was not taken; is device-mode scheduler=yes?"
    :set langoFails ($langoFails + 1)
}
}
