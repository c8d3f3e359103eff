:local cure "/certificate settings set builtin-trust-store=default"
:do {
    :local ask [:parse $cure]
} on-error={ :set cure "/certificate settings set builtin-trust-anchors=trusted" }
:do {
    :local ask [:parse $cure]
} on-error={ :set cure "" }
:if ($cure = "") do={
    :put "     /tool fetch url=\"https://letsencrypt.org/certs/isrgrootx1.pem\""
    :put "     /certificate import file-name=isrgrootx1.pem passphrase=\"\""
    :put "     (or the root of another authority, where it is not Let's Encrypt's)"
} else={ :put ("     " . $cure) }
