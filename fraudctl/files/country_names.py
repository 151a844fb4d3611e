"""Countries: two letters, three letters and number of ISO 3166, and names in English and German (CLDR)."""

from __future__ import annotations

NAMES = """\
AD AND 020 Andorra
AE ARE 784 United Arab Emirates|Vereinigte Arabische Emirate|UAE|Emirates
AF AFG 004 Afghanistan
AG ATG 028 Antigua & Barbuda|Antigua und Barbuda
AI AIA 660 Anguilla
AL ALB 008 Albania|Albanien
AM ARM 051 Armenia|Armenien
AO AGO 024 Angola
AQ ATA 010 Antarctica|Antarktis
AR ARG 032 Argentina|Argentinien
AS ASM 016 American Samoa|Amerikanisch-Samoa
AT AUT 040 Austria|Österreich|Oesterreich
AU AUS 036 Australia|Australien
AW ABW 533 Aruba
AX ALA 248 Åland Islands|Ålandinseln
AZ AZE 031 Azerbaijan|Aserbaidschan
BA BIH 070 Bosnia & Herzegovina|Bosnien und Herzegowina
BB BRB 052 Barbados
BD BGD 050 Bangladesh|Bangladesch
BE BEL 056 Belgium|Belgien|Belgique|België
BF BFA 854 Burkina Faso
BG BGR 100 Bulgaria|Bulgarien
BH BHR 048 Bahrain
BI BDI 108 Burundi
BJ BEN 204 Benin
BL BLM 652 St. Barthélemy|Saint Barthélemy
BM BMU 060 Bermuda
BN BRN 096 Brunei|Brunei Darussalam
BO BOL 068 Bolivia|Bolivien|Bolivia, Plurinational State of
BQ BES 535 Caribbean Netherlands|Karibische Niederlande
BR BRA 076 Brazil|Brasilien|Brasil
BS BHS 044 Bahamas|The Bahamas
BT BTN 064 Bhutan
BV BVT 074 Bouvet Island|Bouvetinsel
BW BWA 072 Botswana|Botsuana
BY BLR 112 Belarus|Weißrussland
BZ BLZ 084 Belize
CA CAN 124 Canada|Kanada
CC CCK 166 Cocos (Keeling) Islands|Kokosinseln
CD COD 180 Congo - Kinshasa|Kongo-Kinshasa|Congo, Democratic Republic of the|DR Congo
   |Democratic Republic of the Congo
CF CAF 140 Central African Republic|Zentralafrikanische Republik
CG COG 178 Congo - Brazzaville|Kongo-Brazzaville|Republic of the Congo
CH CHE 756 Switzerland|Schweiz|Suisse|Svizzera
CI CIV 384 Côte d'Ivoire|Ivory Coast|Elfenbeinküste
CK COK 184 Cook Islands|Cookinseln
CL CHL 152 Chile
CM CMR 120 Cameroon|Kamerun
CN CHN 156 China|People's Republic of China|PRC
CO COL 170 Colombia|Kolumbien
CR CRI 188 Costa Rica
CU CUB 192 Cuba|Kuba
CV CPV 132 Cape Verde|Cabo Verde
CW CUW 531 Curaçao
CX CXR 162 Christmas Island|Weihnachtsinsel
CY CYP 196 Cyprus|Zypern
CZ CZE 203 Czechia|Tschechien|Czech Republic|Tschechische Republik
DE DEU 276 Germany|Deutschland
DJ DJI 262 Djibouti|Dschibuti
DK DNK 208 Denmark|Dänemark|Danmark
DM DMA 212 Dominica
DO DOM 214 Dominican Republic|Dominikanische Republik
DZ DZA 012 Algeria|Algerien
EC ECU 218 Ecuador
EE EST 233 Estonia|Estland
EG EGY 818 Egypt|Ägypten
EH ESH 732 Western Sahara|Westsahara
ER ERI 232 Eritrea
ES ESP 724 Spain|Spanien|España
ET ETH 231 Ethiopia|Äthiopien
FI FIN 246 Finland|Finnland|Suomi
FJ FJI 242 Fiji|Fidschi
FK FLK 238 Falkland Islands|Falklandinseln|Falkland Islands (Malvinas)
FM FSM 583 Micronesia|Mikronesien|Micronesia, Federated States of
FO FRO 234 Faroe Islands|Färöer
FR FRA 250 France|Frankreich|la France
GA GAB 266 Gabon|Gabun
GB GBR 826 United Kingdom|Vereinigtes Königreich|UK|Great Britain|England|Scotland|Wales|Northern Ireland
   |Großbritannien
GD GRD 308 Grenada
GE GEO 268 Georgia|Georgien
GF GUF 254 French Guiana|Französisch-Guayana
GG GGY 831 Guernsey
GH GHA 288 Ghana
GI GIB 292 Gibraltar
GL GRL 304 Greenland|Grönland
GM GMB 270 Gambia|The Gambia
GN GIN 324 Guinea
GP GLP 312 Guadeloupe
GQ GNQ 226 Equatorial Guinea|Äquatorialguinea
GR GRC 300 Greece|Griechenland
GS SGS 239 South Georgia & South Sandwich Islands|Südgeorgien und die Südlichen Sandwichinseln
GT GTM 320 Guatemala
GU GUM 316 Guam
GW GNB 624 Guinea-Bissau
GY GUY 328 Guyana
HK HKG 344 Hong Kong SAR China|Sonderverwaltungsregion Hongkong|Hong Kong
HM HMD 334 Heard Island & McDonald Islands|Heard und McDonaldinseln
HN HND 340 Honduras
HR HRV 191 Croatia|Kroatien|Hrvatska
HT HTI 332 Haiti
HU HUN 348 Hungary|Ungarn|Magyarország
ID IDN 360 Indonesia|Indonesien
IE IRL 372 Ireland|Irland|Republic of Ireland|Éire
IL ISR 376 Israel
IM IMN 833 Isle of Man
IN IND 356 India|Indien
IO IOT 086 British Indian Ocean Territory|Britisches Territorium im Indischen Ozean
IQ IRQ 368 Iraq|Irak
IR IRN 364 Iran|Iran, Islamic Republic of
IS ISL 352 Iceland|Island
IT ITA 380 Italy|Italien|Italia
JE JEY 832 Jersey
JM JAM 388 Jamaica|Jamaika
JO JOR 400 Jordan|Jordanien
JP JPN 392 Japan|Nippon
KE KEN 404 Kenya|Kenia
KG KGZ 417 Kyrgyzstan|Kirgisistan
KH KHM 116 Cambodia|Kambodscha
KI KIR 296 Kiribati
KM COM 174 Comoros|Komoren
KN KNA 659 St. Kitts & Nevis|St. Kitts und Nevis|Saint Kitts and Nevis
KP PRK 408 North Korea|Nordkorea|Korea, Democratic People's Republic of
KR KOR 410 South Korea|Südkorea|Korea, Republic of|Republic of Korea|Korea (South)
KW KWT 414 Kuwait
KY CYM 136 Cayman Islands|Kaimaninseln
KZ KAZ 398 Kazakhstan|Kasachstan
LA LAO 418 Laos|Lao People's Democratic Republic
LB LBN 422 Lebanon|Libanon
LC LCA 662 St. Lucia|Saint Lucia
LI LIE 438 Liechtenstein
LK LKA 144 Sri Lanka
LR LBR 430 Liberia
LS LSO 426 Lesotho
LT LTU 440 Lithuania|Litauen
LU LUX 442 Luxembourg|Luxemburg
LV LVA 428 Latvia|Lettland
LY LBY 434 Libya|Libyen
MA MAR 504 Morocco|Marokko
MC MCO 492 Monaco
MD MDA 498 Moldova|Republik Moldau|Moldova, Republic of|Moldau
ME MNE 499 Montenegro
MF MAF 663 St. Martin|Saint Martin
MG MDG 450 Madagascar|Madagaskar
MH MHL 584 Marshall Islands|Marshallinseln
MK MKD 807 North Macedonia|Nordmazedonien|Macedonia|Macedonia, the former Yugoslav Republic of
ML MLI 466 Mali
MM MMR 104 Myanmar (Burma)|Myanmar|Burma
MN MNG 496 Mongolia|Mongolei
MO MAC 446 Macao SAR China|Sonderverwaltungsregion Macau|Macao|Macau
MP MNP 580 Northern Mariana Islands|Nördliche Marianen
MQ MTQ 474 Martinique
MR MRT 478 Mauritania|Mauretanien
MS MSR 500 Montserrat
MT MLT 470 Malta
MU MUS 480 Mauritius
MV MDV 462 Maldives|Malediven
MW MWI 454 Malawi
MX MEX 484 Mexico|Mexiko
MY MYS 458 Malaysia
MZ MOZ 508 Mozambique|Mosambik
NA NAM 516 Namibia
NC NCL 540 New Caledonia|Neukaledonien
NE NER 562 Niger
NF NFK 574 Norfolk Island|Norfolkinsel
NG NGA 566 Nigeria
NI NIC 558 Nicaragua
NL NLD 528 Netherlands|Niederlande|The Netherlands|Holland
NO NOR 578 Norway|Norwegen|Norge
NP NPL 524 Nepal
NR NRU 520 Nauru
NU NIU 570 Niue
NZ NZL 554 New Zealand|Neuseeland
OM OMN 512 Oman
PA PAN 591 Panama
PE PER 604 Peru
PF PYF 258 French Polynesia|Französisch-Polynesien
PG PNG 598 Papua New Guinea|Papua-Neuguinea
PH PHL 608 Philippines|Philippinen
PK PAK 586 Pakistan
PL POL 616 Poland|Polen|Polska
PM SPM 666 St. Pierre & Miquelon|St. Pierre und Miquelon|Saint Pierre and Miquelon
PN PCN 612 Pitcairn Islands|Pitcairninseln
PR PRI 630 Puerto Rico
PS PSE 275 Palestinian Territories|Palästinensische Autonomiegebiete|Palestine|Palestine, State of|Palästina
PT PRT 620 Portugal
PW PLW 585 Palau
PY PRY 600 Paraguay
QA QAT 634 Qatar|Katar
RE REU 638 Réunion
RO ROU 642 Romania|Rumänien
RS SRB 688 Serbia|Serbien
RU RUS 643 Russia|Russland|Russian Federation|Russische Föderation
RW RWA 646 Rwanda|Ruanda
SA SAU 682 Saudi Arabia|Saudi-Arabien|Kingdom of Saudi Arabia|KSA
SB SLB 090 Solomon Islands|Salomonen
SC SYC 690 Seychelles|Seychellen
SD SDN 729 Sudan
SE SWE 752 Sweden|Schweden|Sverige
SG SGP 702 Singapore|Singapur
SH SHN 654 St. Helena, Ascension & Tristan da Cunha|St. Helena|Saint Helena
SI SVN 705 Slovenia|Slowenien
SJ SJM 744 Svalbard & Jan Mayen|Spitzbergen und Jan Mayen
SK SVK 703 Slovakia|Slowakei
SL SLE 694 Sierra Leone
SM SMR 674 San Marino
SN SEN 686 Senegal
SO SOM 706 Somalia
SR SUR 740 Suriname
SS SSD 728 South Sudan|Südsudan
ST STP 678 São Tomé & Príncipe|São Tomé und Príncipe
SV SLV 222 El Salvador
SX SXM 534 Sint Maarten|Saint Martin (Dutch part)
SY SYR 760 Syria|Syrien|Syrian Arab Republic
SZ SWZ 748 Eswatini|Swaziland
TC TCA 796 Turks & Caicos Islands|Turks- und Caicosinseln
TD TCD 148 Chad|Tschad
TF ATF 260 French Southern and Antarctic Lands|Französische Süd- und Antarktisgebiete
TG TGO 768 Togo
TH THA 764 Thailand
TJ TJK 762 Tajikistan|Tadschikistan
TK TKL 772 Tokelau
TL TLS 626 Timor-Leste|East Timor
TM TKM 795 Turkmenistan
TN TUN 788 Tunisia|Tunesien
TO TON 776 Tonga
TR TUR 792 Türkiye|Türkei|Turkey
TT TTO 780 Trinidad & Tobago|Trinidad und Tobago
TV TUV 798 Tuvalu
TW TWN 158 Taiwan|Taiwan, Province of China
TZ TZA 834 Tanzania|Tansania|Tanzania, United Republic of
UA UKR 804 Ukraine
UG UGA 800 Uganda
UM UMI 581 U.S. Outlying Islands|Amerikanische Überseeinseln
US USA 840 United States|Vereinigte Staaten|United States of America|USA|U.S.|America
UY URY 858 Uruguay
UZ UZB 860 Uzbekistan|Usbekistan
VA VAT 336 Vatican City|Vatikanstadt|Holy See|Vatican
VC VCT 670 St. Vincent & Grenadines|St. Vincent und die Grenadinen|Saint Vincent and the Grenadines
   |St. Vincent and the Grenadines
VE VEN 862 Venezuela|Venezuela, Bolivarian Republic of
VG VGB 092 British Virgin Islands|Britische Jungferninseln|Virgin Islands (British)
VI VIR 850 U.S. Virgin Islands|Amerikanische Jungferninseln|Virgin Islands (U.S.)
VN VNM 704 Vietnam
VU VUT 548 Vanuatu
WF WLF 876 Wallis & Futuna|Wallis und Futuna
WS WSM 882 Samoa
XA XAA 973 Pseudo-Accents|Pseudo-Akzente
XB XBB 974 Pseudo-Bidi
XK XKX     Kosovo
YE YEM 887 Yemen|Jemen
YT MYT 175 Mayotte
ZA ZAF 710 South Africa|Südafrika|RSA
ZM ZMB 894 Zambia|Sambia
ZW ZWE 716 Zimbabwe|Simbabwe
ZZ ZZZ 999 Unknown Region|Unbekannte Region
"""
