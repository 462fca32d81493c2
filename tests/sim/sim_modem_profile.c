/* SPDX-License-Identifier: Apache-2.0 */
/* sim_modem_profile.c - what modems of known makers do, as lines of a script. */
#include "sim_modem_inside.h"

#include <string.h>

#define PROFILE(name, ...) static const char *const name[] = { __VA_ARGS__, NULL };

PROFILE(generic, "set maker smsc-sim")

PROFILE(huawei, "set maker huawei", "set model E173", "set revision 11.126.85.00.209", "set index 0",
    "set ussd packed",
    "on AT+CNMI=?: say \"+CNMI: (0,1,2),(0-3),(0,2,3),(0,1,2),(0,1)\"; ok",
    "on AT+CMGD=?: say \"+CMGD: (1-4095),(0-4)\"; ok",
    "on AT^CURC=: ok", "on AT^U2DIAG=: ok", "on AT^PORTSEL=: ok",
    "on AT^CPIN?: say \"^CPIN: READY,,10,3,10,3\"; ok",
    "on AT+CSQ: lines; say \"^RSSI: 17\"; result",
    "on boot: say \"^BOOT:20096574,0,0,0,75\"; say \"^SRVST:2\"; say \"^SIMST:1\"")

PROFILE(zte, "set maker \"ZTE INCORPORATED\"", "set model MF190", "set sim_delay 0.3",
    "on boot: say \"+ZUSIMR:2\"", "every 0.5: urc \"+ZUSIMR:2\"", "on AT+ZCDRUN=: ok", "on AT+ZOPRT=: ok")

PROFILE(quectel, "set maker Quectel", "set model EC25", "set network lte",
    "on AT+QURCCFG=: ok", "on AT+QINDCFG=: ok", "on AT+QCFG=: ok",
    "on AT+CNMI=?: say \"+CNMI: (0-2),(0-3),(0,2),(0-2),(0,1)\"; ok",
    "on boot: say RDY; say \"+CFUN: 1\"; say \"+CPIN: READY\"; say \"+QUSIM: 1\"; wait 0.05; say \"+QIND: SMS DONE\"")

PROFILE(simcom, "set maker SIMCOM_Ltd", "set model SIMCOM_SIM800L", "set prompt \"\\r\\n> \"",
    "on boot: say RDY; say \"+CFUN: 1\"; say \"+CPIN: READY\"; wait 0.05; say \"Call Ready\"; say \"SMS Ready\"",
    "on AT+EXUNSOL=: ok", "on AT+CNSMOD=: ok")

PROFILE(wavecom, "set maker \" WAVECOM MODEM\"", "set model MULTIBAND", "storage ME 0",
    "on AT+CNMI=?: say \"+CNMI: (0,1,2),(0,1,2,3),(0,2),(0,1,2),(0,1)\"; ok",
    "on boot: say \"+WIND: 3\"; wait 0.02; say \"+WIND: 4\"")

PROFILE(siemens, "set maker SIEMENS", "set model MC35i", "on AT^SM20=: ok",
    "on AT+CNMI=?: say \"+CNMI: (0-3),(0,1),(0,2,3),(0,2),(1)\"; ok",
    "on AT+CNMI=2,1,0,1: cms 303", "on boot: say ^SYSSTART")

PROFILE(telit, "set maker Telit", "set model HE910", "on AT#STIA=: ok",
    "on AT+CMGD=?: say \"+CMGD: (1-20),,(0-4)\"; ok",
    "on boot: say \"#STN: 37\"")

PROFILE(motorola, "set maker Motorola", "set model G24",
    "on AT+CREG?: say \"+CREG: 000,001\"; ok", "on boot: say \"+MBAN: Copyright\"",
    "set cnma_timeout 60")

PROFILE(nordic, "set maker \"Nordic Semiconductor ASA\"", "set model nRF9160-SICA", "set network lte",
    "storage ME 0", "storage SR 0", "set csms on", "set pdu_mode on",
    "on AT+CMMS: error", "on AT+CNMI=?: say \"+CNMI: (3),(0,2),(0),(0,1),(1)\"; ok",
    "on AT+CNMI=2: cms 303", "on AT+CNMI=1: cms 303")

PROFILE(neoway, "set maker NEOWAY", "set model M590E", "on AT+CFUN=0: nothing; hang", "on AT+CFUN=4: nothing; hang",
    "on boot: say \"MODEM:STARTUP\"; wait 0.02; say \"+PBREADY\"")

PROFILE(mu509, "profile huawei", "set model MU509", "on AT+CNMI=2,1,0,1: cms 303", "on AT+CNMI=2,1,0,2: cms 303",
    "set sr_readable off")

PROFILE(qualcomm, "set maker QUALCOMM", "on AT+CNMI=2,1,0,1: cms 303", "on AT+CNMI=1,1,0,1: cms 303")

PROFILE(ucs2, "on AT+CSCS=\"GSM\": cme 4", "on AT+CSCS?: answer", "set ussd ucs2")

PROFILE(echo, "set echo_off off", "set pdu_echo on")

PROFILE(text_only, "set pdu_mode off", "on AT+CMGF=0: error")

PROFILE(store_only, "on AT+CMGS=: error")

static const struct { const char *name; const char *const *lines; } profiles[] = {
	{ "generic", generic }, { "huawei", huawei }, { "zte", zte }, { "quectel", quectel }, { "simcom", simcom },
	{ "wavecom", wavecom }, { "siemens", siemens }, { "telit", telit }, { "motorola", motorola },
	{ "nordic", nordic }, { "neoway", neoway }, { "mu509", mu509 }, { "qualcomm", qualcomm }, { "ucs2", ucs2 },
	{ "echo", echo }, { "text-only", text_only }, { "store-only", store_only },
};
enum { PROFILES = sizeof profiles / sizeof *profiles };

const char *const sim_modem_profiles[] = { "generic", "huawei", "zte", "quectel", "simcom", "wavecom", "siemens",
	"telit", "motorola", "nordic", "neoway", "mu509", "qualcomm", "ucs2", "echo", "text-only", "store-only", NULL };

const char *const *sim_modem_profile(const char *name)
{
	for (size_t i = 0; i < PROFILES; i++)
		if (strcmp(profiles[i].name, name) == 0)
			return profiles[i].lines;
	return NULL;
}
