/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ucp_pdu.c - one loop that cuts a frame at its slashes and one that joins it, and tables of
 * what the fields are called and may hold.
 *
 * Lengths are believed nowhere: a frame ends where its ETX is, LEN is only compared. What
 * stands inside of Msg, OAdC and XSer is in ucp_hex.c.
 */
#include "ucp_pdu.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
	HEADER = 14,                    /* "00/00000/O/00/" */
	TAIL = 2,                       /* the checksum */
	FRAMED_MIN = HEADER + 1 + TAIL, /* between STX and ETX: one empty field at least */
};

const struct ucp_form ucp_forms[UCP_FIELDS] = {
	[UCP_ADC] = { "AdC", UCP_NUM, 16 }, [UCP_OADC] = { "OAdC", UCP_HEX, 22 },
	[UCP_AC] = { "AC", UCP_CHR, 16 }, [UCP_NRQ] = { "NRq", UCP_NUM, 1 },
	[UCP_NADC] = { "NAdC", UCP_CHR, 16 }, [UCP_NT] = { "NT", UCP_NUM, 1 },
	[UCP_NPID] = { "NPID", UCP_NUM, 4 }, [UCP_LRQ] = { "LRq", UCP_NUM, 1 },
	[UCP_LRAD] = { "LRAd", UCP_CHR, 16 }, [UCP_LPID] = { "LPID", UCP_NUM, 4 },
	[UCP_DD] = { "DD", UCP_NUM, 1 }, [UCP_DDT] = { "DDT", UCP_NUM, 10 },
	[UCP_VP] = { "VP", UCP_NUM, 10 }, [UCP_RPID] = { "RPID", UCP_NUM, 4 },
	[UCP_SCTS] = { "SCTS", UCP_NUM, 12 }, [UCP_DST] = { "Dst", UCP_NUM, 1 },
	[UCP_RSN] = { "Rsn", UCP_NUM, 3 }, [UCP_DSCTS] = { "DSCTS", UCP_NUM, 12 },
	[UCP_MT] = { "MT", UCP_NUM, 1 }, [UCP_NB] = { "NB", UCP_NUM, 4 },
	[UCP_MSG] = { "Msg", UCP_HEX, 640 }, [UCP_MMS] = { "MMS", UCP_NUM, 1 },
	[UCP_PR] = { "PR", UCP_CHR, 1 }, [UCP_DCS] = { "DCs", UCP_NUM, 1 },
	[UCP_MCLS] = { "MCLs", UCP_NUM, 1 }, [UCP_RPI] = { "RPI", UCP_NUM, 1 },
	[UCP_CPG] = { "CPg", UCP_CHR, 1 }, [UCP_RPLY] = { "RPLy", UCP_CHR, 1 },
	[UCP_OTOA] = { "OTOA", UCP_NUM, 4 }, [UCP_HPLMN] = { "HPLMN", UCP_CHR, 16 },
	[UCP_XSER] = { "XSer", UCP_HEX, 400 }, [UCP_RES4] = { "RES4", UCP_CHR, 0 },
	[UCP_RES5] = { "RES5", UCP_CHR, 0 },
};

static const char *const call_names[] = { "AdC", "OAdC", "AC", "MT", "Msg" };
/* 03: with one GA field, as the libraries have it; Wireshark calls the fifth RP, and a later one
 * LRP. There are as many either way (see the table of operations). */
static const char *const supplementary_names[] = { "AdC", "OAdC", "AC", "NPL", "GA", "RP", "PR",
	"LPR", "UR", "LUR", "RC", "LRC", "DD", "DDT", "MT", "Msg" };
static const char *const transfer_names[] = { "AdC", "OAdC", "AC", "NRq", "NAdC", "NPID", "DD",
	"DDT", "VP", "AMsg" };
static const char *const alert_names[] = { "AdC", "PID" };
static const char *const session_names[] = { "OAdC", "OTON", "ONPI", "STYP", "PWD", "NPWD", "VERS",
	"LAdC", "LTON", "LNPI", "OPID", "RES1" };
static const char *const list_names[] = { "OAdC", "OTON", "ONPI", "STYP", "PWD", "NPWD", "VERS",
	"LAdC", "LTON", "LNPI", "RES1", "RES2" };

enum list { ALONE, BEFORE_ALL, IN_MIDDLE };

static const struct operation {
	uint8_t number, fields;         /* with an empty list */
	uint8_t least;                  /* so many of them have to be there */
	bool mvp;                       /* its positive result has one */
	enum list list;                 /* where NPL and as many addresses stand */
	const char *const *names;       /* NULL: ucp_forms */
	const char *name;
} operations[] = {
	{ UCP_CALL, 5, 5, false, ALONE, call_names, "call" },
	{ UCP_CALL_MULTIPLE, 5, 5, false, BEFORE_ALL, NULL, "call_multiple" },
	{ UCP_CALL_SUPPLEMENTARY, 16, 16, false, IN_MIDDLE, supplementary_names, "call_supplementary" },
	{ UCP_TRANSFER, 10, 10, true, ALONE, transfer_names, "transfer" },
	{ UCP_ALERT, 2, 2, false, ALONE, alert_names, "alert" },
	{ UCP_SUBMIT, 33, 33, true, ALONE, NULL, "submit" },
	{ UCP_DELIVER, 33, 33, true, ALONE, NULL, "deliver" },
	{ UCP_NOTIFY, 33, 33, true, ALONE, NULL, "notify" },
	{ UCP_MODIFY, 33, 33, true, ALONE, NULL, "modify" },
	{ UCP_INQUIRE, 33, 33, true, ALONE, NULL, "inquire" },
	{ UCP_DELETE, 33, 33, true, ALONE, NULL, "delete" },
	{ UCP_INQUIRED, 33, 33, true, ALONE, NULL, "inquired" },
	{ UCP_DELETED, 33, 33, true, ALONE, NULL, "deleted" },
	{ UCP_SESSION, 12, 11, false, ALONE, session_names, "session" }, /* some leave RES1 out */
	{ UCP_LIST, 12, 11, false, ALONE, list_names, "list" },
};

static const struct operation *operation_row(unsigned number)
{
	for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
		if (operations[i].number == number)
			return &operations[i];
	return NULL;
}

const char *ucp_operation_name(unsigned number)
{
	const struct operation *row = operation_row(number);
	return row ? row->name : NULL;
}

/* So many digits as a number, or -1. */
static int digits(const uint8_t *at, size_t n)
{
	int value = 0;
	for (size_t i = 0; i < n; i++) {
		if (at[i] < '0' || at[i] > '9')
			return -1;
		value = value * 10 + (at[i] - '0');
	}
	return value;
}

static int nibble(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static uint8_t sum_of(const uint8_t *at, size_t len)
{
	unsigned sum = 0;
	for (size_t i = 0; i < len; i++)
		sum += at[i];
	return (uint8_t)sum;
}

/* False when there is no header; its LEN in *len. */
static bool read_header(const uint8_t *at, struct ucp_pdu *pdu, size_t *len)
{
	const int trn = digits(at, 2), length = digits(at + 3, 5), operation = digits(at + 11, 2);
	if (trn < 0 || length < 0 || operation < 0 || at[2] != '/' || at[8] != '/' || at[10] != '/' ||
	    at[13] != '/' || (at[9] != 'O' && at[9] != 'R'))
		return false;
	pdu->trn = (uint8_t)trn;
	pdu->operation = (uint8_t)operation;
	pdu->result = at[9] == 'R';
	*len = (size_t)length;
	return true;
}

/* Cuts `len` octets, the last of which is a slash, into fields. */
static void cut(const uint8_t *at, size_t len, struct ucp_pdu *pdu)
{
	const uint8_t *const end = at + len;
	while (at < end && pdu->nfields < UCP_FIELDS_MAX) {
		const uint8_t *slash = memchr(at, '/', (size_t)(end - at));
		assert(slash);
		pdu->fields[pdu->nfields++] = (struct blob){ at, (size_t)(slash - at) };
		at = slash + 1;
	}
}

enum ucp_fault ucp_unpack(const uint8_t *frame, size_t len, struct ucp_pdu *pdu)
{
	memset(pdu, 0, sizeof *pdu);
	if (len < FRAMED_MIN + 2 || frame[0] != UCP_STX || frame[len - 1] != UCP_ETX)
		return UCP_RUNT;
	const uint8_t *const at = frame + 1;
	const size_t framed = len - 2, summed = framed - TAIL;
	size_t said;
	if (!read_header(at, pdu, &said))
		return UCP_BAD_HEADER;
	const int high = nibble(at[summed]), low = nibble(at[summed + 1]);
	if (high < 0 || low < 0 || high * 16 + low != sum_of(at, summed) || at[summed - 1] != '/')
		return UCP_BAD_CHECKSUM;
	cut(at + HEADER, summed - HEADER, pdu);
	return said == framed ? UCP_FINE : UCP_BAD_LENGTH;
}

size_t ucp_pack(const struct ucp_pdu *pdu, uint8_t *out, size_t room)
{
	static const char hex[] = "0123456789ABCDEF";
	if (pdu->nfields > UCP_FIELDS_MAX || pdu->trn >= UCP_TRNS || pdu->operation > 99)
		return 0;
	size_t framed = HEADER + TAIL;
	for (unsigned i = 0; i < pdu->nfields; i++)
		framed += pdu->fields[i].len + 1;
	if (framed > UCP_FRAME_MAX - 2 || framed + 2 > room || framed < FRAMED_MIN)
		return 0;
	char header[HEADER + 8];
	snprintf(header, sizeof header, "%02u/%05zu/%c/%02u/", pdu->trn % 100u, framed % 100000,
	    pdu->result ? 'R' : 'O', pdu->operation % 100u);
	uint8_t *at = out;
	*at++ = UCP_STX;
	memcpy(at, header, HEADER);
	at += HEADER;
	for (unsigned i = 0; i < pdu->nfields; i++) {
		for (size_t k = 0; k < pdu->fields[i].len; k++) {
			const uint8_t c = pdu->fields[i].at[k];
			*at++ = c < ' ' || c > '~' || c == '/' ? ' ' : c;
		}
		*at++ = '/';
	}
	const uint8_t sum = sum_of(out + 1, framed - TAIL);
	*at++ = (uint8_t)hex[sum >> 4];
	*at++ = (uint8_t)hex[sum & 15];
	*at++ = UCP_ETX;
	return (size_t)(at - out);
}

void ucp_begin(struct ucp_pdu *pdu, unsigned operation)
{
	const struct operation *row = operation_row(operation);
	assert(row);
	*pdu = (struct ucp_pdu){ .operation = (uint8_t)operation, .nfields = row->fields };
}

void ucp_set(struct ucp_pdu *pdu, unsigned field, const char *text)
{
	assert(field < UCP_FIELDS_MAX);
	pdu->fields[field] = (struct blob){ (const uint8_t *)text, strlen(text) };
	if (pdu->nfields <= field)
		pdu->nfields = field + 1;
}

struct blob ucp_get(const struct ucp_pdu *pdu, unsigned field)
{
	return field < pdu->nfields ? pdu->fields[field] : (struct blob){ NULL, 0 };
}

static bool blob_is(struct blob blob, const char *text)
{
	return blob.len == strlen(text) && (blob.len == 0 || memcmp(blob.at, text, blob.len) == 0);
}

bool ucp_is(const struct ucp_pdu *pdu, unsigned field, const char *text)
{
	return blob_is(ucp_get(pdu, field), text);
}

size_t ucp_text(const struct ucp_pdu *pdu, unsigned field, char *out, size_t room)
{
	assert(room > 0);
	const struct blob blob = ucp_get(pdu, field);
	size_t n = blob.len < room ? blob.len : room - 1;
	if (n)
		memcpy(out, blob.at, n);
	out[n] = '\0';
	return n;
}

int ucp_number(const struct ucp_pdu *pdu, unsigned field, int otherwise)
{
	const struct blob blob = ucp_get(pdu, field);
	const int value = blob.len == 0 || blob.len > 9 ? -1 : digits(blob.at, blob.len);
	return value < 0 ? otherwise : value;
}

size_t ucp_pack_result(const struct ucp_pdu *operation, unsigned ec, const char *sm, uint8_t *out,
    size_t room)
{
	const struct operation *row = operation_row(operation->operation);
	struct ucp_pdu pdu = { .trn = operation->trn, .result = true, .operation = operation->operation };
	char code[12];
	ucp_set(&pdu, 0, ec == UCP_EC_NONE ? "A" : "N");
	if (ec != UCP_EC_NONE) {
		snprintf(code, sizeof code, "%02u", ec % 100);
		ucp_set(&pdu, 1, code);
	}
	ucp_set(&pdu, ec != UCP_EC_NONE || (row && row->mvp) ? 2 : 1, sm ? sm : "");
	return ucp_pack(&pdu, out, room);
}

bool ucp_result(const struct ucp_pdu *pdu, struct ucp_result *result)
{
	*result = (struct ucp_result){ .positive = ucp_is(pdu, 0, "A") };
	if (!result->positive) {
		const struct blob ec = ucp_get(pdu, 1);
		const int code = ec.len == 2 ? digits(ec.at, 2) : -1;
		result->code = code < 0 ? 0 : (unsigned)code;
		result->sm = ucp_get(pdu, 2);
		return ucp_is(pdu, 0, "N");
	}
	const struct operation *row = operation_row(pdu->operation);
	const struct blob first = ucp_get(pdu, 1), second = ucp_get(pdu, 2);
	if (row && row->mvp && (pdu->nfields > 2 || (first.len == 10 && digits(first.at, 9) >= 0))) {
		result->mvp = first;
		result->sm = second;
	} else {
		result->sm = second.len ? second : first;
	}
	return true;
}

/* So many addresses are in the list that an operation has. */
static unsigned listed(const struct operation *row, const struct ucp_pdu *pdu)
{
	const int npl = row->list == BEFORE_ALL ? ucp_number(pdu, 0, 0)
	    : row->list == IN_MIDDLE ? ucp_number(pdu, 3, 0) : 0;
	return npl > UCP_FIELDS_MAX ? UCP_FIELDS_MAX : (unsigned)npl;
}

/* Msg, by MT. */
static enum ucp_error judge_message(const struct ucp_pdu *pdu, unsigned mt_field, unsigned msg_field,
    const char **field)
{
	uint8_t octets[UCP_MESSAGE_MAX];
	size_t len;
	const struct blob mt = ucp_get(pdu, mt_field);
	*field = "MT";
	if (mt.len > 1 || (mt.len == 1 && (*mt.at < '2' || *mt.at > '4')))
		return UCP_EC_MESSAGE_TYPE;
	*field = "Msg";
	if (!ucp_message(octets, sizeof octets, &len, mt.len ? *mt.at - '0' : 3, ucp_get(pdu, msg_field)))
		return UCP_EC_SYNTAX;
	*field = NULL;
	return UCP_EC_NONE;
}

/* Of 01 to 03, whose other types are those of pagers: with MT 4 Msg would be the number of bits. */
static enum ucp_error judge_call(const struct ucp_pdu *pdu, unsigned mt_field, const char **field)
{
	*field = "MT";
	return ucp_is(pdu, mt_field, "4") ? UCP_EC_MESSAGE_TYPE
	    : judge_message(pdu, mt_field, mt_field + 1, field);
}

static enum ucp_error judge_long(const struct ucp_pdu *pdu, const char **field)
{
	uint8_t octets[UCP_SERVICES_MAX], name[UCP_NAME_MAX];
	size_t len, at = 0, n;
	struct ucp_service service;
	*field = "XSer";
	if (!ucp_unhex(octets, sizeof octets, &len, ucp_get(pdu, UCP_XSER)))
		return UCP_EC_SYNTAX;
	while (ucp_service_next(octets, len, &at, &service))
		;
	if (at != len)
		return UCP_EC_SYNTAX;
	*field = "OAdC";
	if (ucp_is(pdu, UCP_OTOA, UCP_OTOA_NAME) && !ucp_name_unpack(name, &n, ucp_get(pdu, UCP_OADC)))
		return UCP_EC_SYNTAX;
	return judge_message(pdu, UCP_MT, UCP_MSG, field);
}

enum ucp_error ucp_judge(const struct ucp_pdu *pdu, const char **field)
{
	const struct operation *row = operation_row(pdu->operation);
	*field = NULL;
	if (!row)
		return UCP_EC_UNSUPPORTED;
	const unsigned list = listed(row, pdu);
	if (pdu->nfields < row->least + list)
		return UCP_EC_SYNTAX;
	if (pdu->operation == UCP_NOTIFY || pdu->operation == UCP_INQUIRED || pdu->operation == UCP_DELETED)
		return UCP_EC_NONE;     /* their texts are for people; refused, they would come for ever */
	if (row->fields == UCP_FIELDS)
		return judge_long(pdu, field);
	if (pdu->operation == UCP_CALL)
		return judge_call(pdu, UCP_CALL_MT, field);
	if (row->list != ALONE)
		return judge_call(pdu, row->fields + list - 2, field);
	return UCP_EC_NONE;
}

static const char *result_field_name(const struct ucp_pdu *pdu, unsigned field)
{
	const struct operation *row = operation_row(pdu->operation);
	if (field == 0)
		return "ACK";
	if (ucp_is(pdu, 0, "N"))
		return field == 1 ? "EC" : field == 2 ? "SM" : "?";
	if (row && row->mvp)
		return field == 1 ? "MVP" : field == 2 ? "SM" : "?";
	return field == 1 ? "SM" : "?";
}

const char *ucp_field_name(const struct ucp_pdu *pdu, unsigned field)
{
	const struct operation *row = operation_row(pdu->operation);
	if (pdu->result)
		return result_field_name(pdu, field);
	if (!row)
		return "?";
	const unsigned list = listed(row, pdu);
	if (row->list == BEFORE_ALL) {
		/* NPL and the list stand where another call has its AdC */
		if (field <= list)
			return field == 0 ? "NPL" : "AdC";
		field -= list;
		return field < row->fields ? call_names[field] : "?";
	}
	if (row->list == IN_MIDDLE && field >= 4) {
		if (field < 4 + list)
			return "GA";
		field -= list;
	}
	if (field >= row->fields)
		return "?";
	return row->names ? row->names[field] : ucp_forms[field].name;
}

bool ucp_fits(enum ucp_field field, const char *text)
{
	const struct ucp_form *form = &ucp_forms[field];
	const size_t len = strlen(text);
	if (len > form->most || (form->format == UCP_HEX && field != UCP_OADC && len % 2))
		return false;
	for (size_t i = 0; i < len; i++) {
		const uint8_t c = (uint8_t)text[i];
		if ((form->format == UCP_NUM && (c < '0' || c > '9')) ||
		    (form->format == UCP_HEX && nibble(c) < 0) || c < ' ' || c > '~' || c == '/')
			return false;
	}
	return true;
}

static const struct { uint8_t ec; const char *text; } errors[] = {
	{ 1, "checksum error" }, { 2, "syntax error" }, { 3, "operation not supported by the system" },
	{ 4, "operation not allowed" }, { 5, "call barring active" }, { 6, "destination is invalid" },
	{ 7, "authentication failure" }, { 8, "legitimisation code for all calls is wrong" },
	{ 9, "group address is not valid" }, { 10, "repetition not allowed" },
	{ 11, "legitimisation code for repetition is wrong" }, { 12, "priority not allowed" },
	{ 13, "legitimisation code for priority is wrong" }, { 14, "urgent message not allowed" },
	{ 15, "legitimisation code for urgent messages is wrong" }, { 16, "reverse charging not allowed" },
	{ 17, "legitimisation code for reverse charging is wrong" },
	{ 18, "deferred delivery not allowed" }, { 19, "new authentication code is not valid" },
	{ 20, "new legitimisation code is not valid" }, { 21, "standard text is not valid" },
	{ 22, "time period is not valid" }, { 23, "message type not supported by the system" },
	{ 24, "message is too long" }, { 25, "requested standard text is not valid" },
	{ 26, "message type is not valid for the receiver" },
	{ 27, "message not found in the message centre" }, { 28, "character set is invalid" },
	{ 30, "subscriber hung up" }, { 31, "fax group not supported" },
	{ 32, "fax message type not supported" }, { 33, "address is in the list already" },
	{ 34, "address is not in the list" }, { 35, "list is full" }, { 36, "RPID is in use already" },
	{ 37, "delivery in progress" }, { 38, "message was forwarded" }, { 50, "low network status" },
	{ 51, "legitimisation code for standard text is wrong" }, { 53, "partially successful" },
	{ 54, "not successful" }, { 55, "system error" }, { 57, "address list is invalid" },
	{ 58, "address list error" }, { 59, "address list error" },
};

const char *ucp_error_text(unsigned ec)
{
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (errors[i].ec == ec)
			return errors[i].text;
	return ec >= 90 && ec <= 99 ? "the operator's own error" : "unknown error";
}
