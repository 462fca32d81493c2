/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modem_profile.c - what makers do otherwise than the standards say, as a table.
 *
 * A maker is known by words in what AT+CGMI and AT+CGMM answer. Its commands after the usual ones
 * are hints: a model that refuses one is no worse off.
 */
#include "modem.h"

#include <string.h>

#define LIST(...) (const char *const[]){ __VA_ARGS__, NULL }

/* The first whose words fit. More particular ones stand before those of whom they are a part. */
const struct modem_profile modem_profiles[] = {
	{ .name = "generic" },
	{ .name = "huawei", .makers = LIST("huawei", "hisilicon"),
	  /* No reports of signal twice a second; no CD-ROM after it is plugged in again. */
	  .init = LIST("AT^CURC=0", "AT^U2DIAG=0", "AT^PORTSEL=1"),
	  .routing = LIST("2,1,0,1,0", "1,1,0,1,0", "2,1,0,2,0"), .reset = "AT^RESET",
	  .codes = CODES_HUAWEI, .packed_ussd = true, .slow_count = true, .reports_direct = true },
	{ .name = "zte", .makers = LIST("zte"),
	  /* Asking for the storages ends a flood of +ZUSIMR. */
	  .init = LIST("AT+ZCDRUN=8", "AT+ZOPRT=5", "AT+CPMS?") },
	{ .name = "quectel", .makers = LIST("quectel"),
	  /* Newer ones know all, older ones one port alone. */
	  .init = LIST("AT+QURCCFG=\"urcport\",\"usbat\"", "AT+QURCCFG=\"urcport\",\"all\"", "AT+QINDCFG=\"all\",1"),
	  .ready = "+QIND: SMS DONE" },
	{ .name = "simcom", .makers = LIST("simcom", "sim800", "sim900", "sim600", "sim300", "sim7"),
	  .init = LIST("AT+CNSMOD=1", "AT+EXUNSOL=\"SQ\",0"), .ready = "SMS Ready", .gap_ms = 50 },
	{ .name = "wavecom", .makers = LIST("wavecom", "sierra"), .codes = CODES_WAVECOM, .gap_ms = 50 },
	{ .name = "siemens", .makers = LIST("siemens", "cinterion", "gemalto", "thales"),
	  /* Otherwise a message that failed may end with OK. */
	  .init = LIST("AT^SM20=0", "AT^SSYNC=0"), .codes = CODES_SIEMENS, .gap_ms = 100 },
	{ .name = "telit", .makers = LIST("telit"), .reset = "AT#REBOOT" },
	{ .name = "motorola", .makers = LIST("motorola"), .gap_ms = 100 },
	{ .name = "option", .makers = LIST("option n.v.", "option nv", "option wireless", "globetrotter"),
	  .reset = "AT_ORESET" },
	{ .name = "sagem", .makers = LIST("sagem"), .gap_ms = 100 },
	{ .name = "nordic", .makers = LIST("nordic") },
	{ .name = "neoway", .makers = LIST("neoway", "m590"), .no_cfun = true, .gap_ms = 100 },
	{ .name = NULL },
};

const struct modem_profile *modem_profile_named(const char *name)
{
	const struct modem_profile *profile = modem_profiles;
	while (profile->name && strcasecmp(profile->name, name) != 0)
		profile++;
	return profile->name ? profile : NULL;
}

static bool says(const struct modem_identity *identity, const char *const *words)
{
	for (; words && *words; words++)
		if (strcasestr(identity->maker, *words) || strcasestr(identity->model, *words))
			return true;
	return false;
}

const struct modem_profile *modem_profile_of(const struct modem_identity *identity)
{
	const struct modem_profile *profile = modem_profiles;
	while (profile->name && !says(identity, profile->makers))
		profile++;
	return profile->name ? profile : modem_profiles;
}
