# 2026-11-20 09:14:46 by RouterOS 7.21.4
# software id = LANG-ODEM
#
# model = RB951Ui-2HnD
/ip hotspot user
add name=admin password="gate keeper"
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=HS45S3CV \
    password=HS45S3CV profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=ZZGRMTJY \
    password=ZZGRMTJY profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=LPATRVGK \
    password=LPATRVGK profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=GZFTJ58W \
    password=GZFTJ58W profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=QXDDMTJD \
    password=QXDDMTJD profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=AVFW7PNU \
    password=AVFW7PNU profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=AXRRU3TF \
    password=AXRRU3TF profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=VCAKU8L9 \
    password=VCAKU8L9 profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=SDZLFXHC \
    password=SDZLFXHC profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=TBDAYN79 \
    password=TBDAYN79 profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=VK6GL79S \
    password=VK6GL79S profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=HFXFQCU5 \
    password=HFXFQCU5 profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=GYN6VVK3 \
    password=GYN6VVK3 profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=YHPHX3FU \
    password=YHPHX3FU profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=HT4SA33M \
    password=HT4SA33M profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=55U85EL2 \
    password=55U85EL2 profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=NKYYF2EX \
    password=NKYYF2EX profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=Q2XSS5RX \
    password=Q2XSS5RX profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=LYC4YGYG \
    password=LYC4YGYG profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=S2ZPF84F \
    password=S2ZPF84F profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=8LNNWLMN \
    password=8LNNWLMN profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=TNKZ9R92 \
    password=TNKZ9R92 profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=PVGG67BU \
    password=PVGG67BU profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=FGWJ39X4 \
    password=FGWJ39X4 profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=3999HQ5E \
    password=3999HQ5E profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=FNYJWBLD \
    password=FNYJWBLD profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=E3T6QX3G \
    password=E3T6QX3G profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=2UAASMTK \
    password=2UAASMTK profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=3Z4DH9XW \
    password=3Z4DH9XW profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=NKDFZXH5 \
    password=NKDFZXH5 profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=P2KQMLBC \
    password=P2KQMLBC profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=AFBGVXJL \
    password=AFBGVXJL profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=WK2EQTD7 \
    password=WK2EQTD7 profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=KA6ZLZVU \
    password=KA6ZLZVU profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=G67AWDXQ \
    password=G67AWDXQ profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=V6CQEQCT \
    password=V6CQEQCT profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=YR6VMKGJ \
    password=YR6VMKGJ profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=G828X32Y \
    password=G828X32Y profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=8Q74XPBZ \
    password=8Q74XPBZ profile=hourly
add comment=vc-683-11.20.26-HOURLY limit-uptime=1h name=Z3HYW4W9 \
    password=Z3HYW4W9 profile=hourly
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=YRTH7M42 \
    password=YRTH7M42 profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=LPETR6BY \
    password=LPETR6BY profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=9D273MWE \
    password=9D273MWE profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=4GBDA96F \
    password=4GBDA96F profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=CTDJKYF5 \
    password=CTDJKYF5 profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=6WE3NFDV \
    password=6WE3NFDV profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=BKXA66LT \
    password=BKXA66LT profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=LBJ5734Q \
    password=LBJ5734Q profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=RN85ZLJC \
    password=RN85ZLJC profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=WYA37MDZ \
    password=WYA37MDZ profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=PQLJY3U9 \
    password=PQLJY3U9 profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=A2RJCHLH \
    password=A2RJCHLH profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=7RXRHDWE \
    password=7RXRHDWE profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=KCXMAGSW \
    password=KCXMAGSW profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=PYR63XW4 \
    password=PYR63XW4 profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=9NXNCART \
    password=9NXNCART profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=MTAKGCCT \
    password=MTAKGCCT profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=H2PF3A8A \
    password=H2PF3A8A profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=BY7Q646H \
    password=BY7Q646H profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=M273PHB7 \
    password=M273PHB7 profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=4XNT9FZ4 \
    password=4XNT9FZ4 profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=NKE5B9ML \
    password=NKE5B9ML profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=YP3RYYDR \
    password=YP3RYYDR profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=ECL57J9E \
    password=ECL57J9E profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=XZL8MAFD \
    password=XZL8MAFD profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=CHBGVB7N \
    password=CHBGVB7N profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=FCCNVL57 \
    password=FCCNVL57 profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=QRYDTANL \
    password=QRYDTANL profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=EDXEBKSQ \
    password=EDXEBKSQ profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=FBXWW8J6 \
    password=FBXWW8J6 profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=WMZMG87H \
    password=WMZMG87H profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=H9S5ARBJ \
    password=H9S5ARBJ profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=2G7HLLVP \
    password=2G7HLLVP profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=D9HL24QH \
    password=D9HL24QH profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=9L6MPGDC \
    password=9L6MPGDC profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=7QSUYJXH \
    password=7QSUYJXH profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=FWGVMPQY \
    password=FWGVMPQY profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=SESZQZ9K \
    password=SESZQZ9K profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=XN8NQP9Q \
    password=XN8NQP9Q profile=daily
add comment=vc-219-11.20.26-DAILY limit-uptime=1d name=HK7389H8 \
    password=HK7389H8 profile=daily
add comment=vc-285-11.20.26-WEEKLY limit-uptime=1w name=Z5DB8AZ8 \
    password=Z5DB8AZ8 profile=weekly
add comment=vc-285-11.20.26-WEEKLY limit-uptime=1w name=TRKZXSQ9 \
    password=TRKZXSQ9 profile=weekly
add comment=vc-285-11.20.26-WEEKLY limit-uptime=1w name=GYJTSG35 \
    password=GYJTSG35 profile=weekly
add comment=vc-285-11.20.26-WEEKLY limit-uptime=1w name=WFFS7ZLU \
    password=WFFS7ZLU profile=weekly
add comment=vc-285-11.20.26-WEEKLY limit-uptime=1w name=27S8GGAA \
    password=27S8GGAA profile=weekly
add comment=vc-285-11.20.26-WEEKLY limit-uptime=1w name=BCJUCB3S \
    password=BCJUCB3S profile=weekly
add comment=vc-285-11.20.26-WEEKLY limit-uptime=1w name=BV7L7SYE \
    password=BV7L7SYE profile=weekly
add comment=vc-285-11.20.26-WEEKLY limit-uptime=1w name=846VWG38 \
    password=846VWG38 profile=weekly
add comment=vc-285-11.20.26-WEEKLY limit-uptime=1w name=B7XN8FNG \
    password=B7XN8FNG profile=weekly
add comment=vc-285-11.20.26-WEEKLY limit-uptime=1w name=QKTDGTVH \
    password=QKTDGTVH profile=weekly
add comment=vc-285-11.20.26-WEEKLY limit-uptime=1w name=59MW3Y2C \
    password=59MW3Y2C profile=weekly
add comment=vc-285-11.20.26-WEEKLY limit-uptime=1w name=SQ3HMAGS \
    password=SQ3HMAGS profile=weekly
add comment=vc-285-11.20.26-WEEKLY limit-uptime=1w name=KYDFEB36 \
    password=KYDFEB36 profile=weekly
add comment=vc-285-11.20.26-WEEKLY limit-uptime=1w name=GYSS4G5C \
    password=GYSS4G5C profile=weekly
add comment=vc-285-11.20.26-WEEKLY limit-uptime=1w name=77G7XSL7 \
    password=77G7XSL7 profile=weekly
add comment=vc-285-11.20.26-WEEKLY limit-uptime=1w name=A8DJN7Y5 \
    password=A8DJN7Y5 profile=weekly
add comment=vc-285-11.20.26-WEEKLY limit-uptime=1w name=CSGTK83P \
    password=CSGTK83P profile=weekly
add comment=vc-285-11.20.26-WEEKLY limit-uptime=1w name=HQC444DL \
    password=HQC444DL profile=weekly
add comment=vc-285-11.20.26-WEEKLY limit-uptime=1w name=NCS8LNNZ \
    password=NCS8LNNZ profile=weekly
add comment=vc-285-11.20.26-WEEKLY limit-uptime=1w name=K7NQPJRA \
    password=K7NQPJRA profile=weekly
add comment=vc-285-11.20.26-WEEKLY limit-uptime=1w name=QKPWSTYH \
    password=QKPWSTYH profile=weekly
add comment=vc-285-11.20.26-WEEKLY limit-uptime=1w name=NKW9J4ZR \
    password=NKW9J4ZR profile=weekly
add comment=vc-285-11.20.26-WEEKLY limit-uptime=1w name=EVJ7SV3G \
    password=EVJ7SV3G profile=weekly
add comment=vc-285-11.20.26-WEEKLY limit-uptime=1w name=P2GMPTZ5 \
    password=P2GMPTZ5 profile=weekly
add comment=vc-285-11.20.26-WEEKLY limit-uptime=1w name=RWB3KM7U \
    password=RWB3KM7U profile=weekly
add comment=vc-527-11.20.26-MONTHLY limit-uptime=4w2d name=2D44GG7L \
    password=2D44GG7L profile=monthly
add comment=vc-527-11.20.26-MONTHLY limit-uptime=4w2d name=ZFRFEETQ \
    password=ZFRFEETQ profile=monthly
add comment=vc-527-11.20.26-MONTHLY limit-uptime=4w2d name=URZC3AUX \
    password=URZC3AUX profile=monthly
add comment=vc-527-11.20.26-MONTHLY limit-uptime=4w2d name=3MECTDVS \
    password=3MECTDVS profile=monthly
add comment=vc-527-11.20.26-MONTHLY limit-uptime=4w2d name=JN3FQMQF \
    password=JN3FQMQF profile=monthly
add comment=vc-527-11.20.26-MONTHLY limit-uptime=4w2d name=R8Q8TAA7 \
    password=R8Q8TAA7 profile=monthly
add comment=vc-527-11.20.26-MONTHLY limit-uptime=4w2d name=5VDRRNCU \
    password=5VDRRNCU profile=monthly
add comment=vc-527-11.20.26-MONTHLY limit-uptime=4w2d name=YZWPYGDC \
    password=YZWPYGDC profile=monthly
add comment=vc-527-11.20.26-MONTHLY limit-uptime=4w2d name=QWAWNPG2 \
    password=QWAWNPG2 profile=monthly
add comment=vc-527-11.20.26-MONTHLY limit-uptime=4w2d name=MPNJ2C9X \
    password=MPNJ2C9X profile=monthly
add comment=vc-527-11.20.26-MONTHLY limit-uptime=4w2d name=LW6XFR3K \
    password=LW6XFR3K profile=monthly
add comment=vc-527-11.20.26-MONTHLY limit-uptime=4w2d name=F3WLUTVW \
    password=F3WLUTVW profile=monthly
add comment=vc-527-11.20.26-MONTHLY limit-uptime=4w2d name=C8UR4639 \
    password=C8UR4639 profile=monthly
add comment=vc-527-11.20.26-MONTHLY limit-uptime=4w2d name=BFGEA2KV \
    password=BFGEA2KV profile=monthly
add comment=vc-527-11.20.26-MONTHLY limit-uptime=4w2d name=DZUU6J93 \
    password=DZUU6J93 profile=monthly
