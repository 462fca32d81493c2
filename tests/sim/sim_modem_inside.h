/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_modem_inside.h - what the files of the simulated modem know of each other.
 *
 *     sim_modem          the modem: power, clocks, what is told to its owner
 *     sim_modem_pty      octets: the terminal, slow writing, a host that comes and goes
 *     sim_modem_line     octets -> command lines, PDUs, ESC; and the moments that rules are for
 *     sim_modem_rule     scripts: lines -> rules, and running what they say
 *     sim_modem_verb     what a script can say
 *     sim_modem_at       a command line -> its commands; the table of them
 *     sim_modem_general  27.007: who it is, SIM, network    sim_modem_sms   27.005: messages
 *     sim_modem_settings what `set` changes                 sim_modem_text  text mode
 *     sim_modem_store    storages of messages               sim_modem_net   the network
 *     sim_modem_ussd     dialogues                          sim_modem_profile  makers' habits
 */
#ifndef SIM_MODEM_INSIDE_H
#define SIM_MODEM_INSIDE_H

#include "sim_modem.h"

#include "../../sms/tpdu.h"

#include <event2/buffer.h>
#include <event2/event.h>

enum {
	LINE_ROOM = 2048, WORD_ROOM = 64, HEX_ROOM = 420, ID_ROOM = 48,
	VERB_ARGS = 4, STORAGES = 4, SLOTS_MAX = 300, REFUSALS = 32,
};

/* What `set` changes (sim_modem_settings.c). */
struct settings {
	char maker[WORD_ROOM], model[WORD_ROOM], revision[WORD_ROOM], imei[WORD_ROOM], imsi[WORD_ROOM],
	    iccid[WORD_ROOM], number[WORD_ROOM], smsc[WORD_ROOM], operator[WORD_ROOM];
	char pin[WORD_ROOM], puk[WORD_ROOM]; /* pin "": none is wanted */
	char network[WORD_ROOM];        /* home, roaming, sms, lte, off, searching, denied */
	char prompt[WORD_ROOM];
	char ussd[WORD_ROOM];           /* plain, packed, ucs2: what it understands and speaks */
	long tries;                     /* of the PIN */
	long signal, reference;         /* the next TP-MR */
	long index;                     /* of the first slot */
	long report_status, zone, clock; /* quarters of an hour; seconds that the network's clock is wrong */
	double delay;                   /* seconds a message takes */
	double report_delay, ussd_delay, boot, cnma_timeout, retry, sim_delay;
	bool echo_off;                  /* ATE0 is obeyed */
	bool pdu_echo, pdu_mode, reports, csms, cmms, sr_readable, cnma_resets;
};

/* What AT commands change, and a restart puts back. */
struct state {
	bool echo, verbose, quiet, text_mode, pin_entered, header_shown;
	int cmee, csms, cmms, cgsms, cusd, cfun, creg, cgreg, cereg, clip;
	int cnmi[5], cpms[3];           /* cpms: which storage */
	int csmp[4];                    /* fo, vp, pid, dcs */
	char cscs[16];
};

/* A message on its way to the host, or in a storage. */
struct letter {
	struct letter *next;
	char id[ID_ROOM];
	char hex[HEX_ROOM];             /* with the service centre */
	size_t length;                  /* of the TPDU */
	int stat;                       /* 0 unread, 1 read, 2 unsent, 3 sent */
	bool report;                    /* a status report, that says `status` */
	uint8_t status;
	bool told;                      /* to the host, once */
	bool read;                      /* by the host, from a storage */
	bool over;                      /* it was shown, and nothing acknowledges it */
	bool refused;                   /* for want of room, once */
	uint64_t not_before_ms;         /* when the network tries again */
};

struct storage { char name[4]; unsigned size; struct letter *slots[SLOTS_MAX]; };

/* Something to be done later; gone once it is done. */
struct later { struct later *next, **self; struct event *timer; struct sim_modem *modem;
	void (*act)(struct sim_modem *, void *arg); void *arg; };

struct verb;
struct action { const struct verb *verb; char *args[VERB_ARGS]; unsigned n; };

enum moment { MOMENT_NOW, MOMENT_COMMAND, MOMENT_PDU, MOMENT_ESC, MOMENT_BOOT, MOMENT_OPEN, MOMENT_IN, MOMENT_EVERY };

/* A line of a script. */
struct script {
	struct script *next;
	struct action *actions;
	unsigned n;
	enum moment moment;
	char pattern[LINE_ROOM / 8];    /* COMMAND */
	bool whole;                     /* the pattern is all of the command */
	unsigned from, to, every;       /* which times: 1..., to 0: no end */
	unsigned seen;                  /* how often its moment has been */
	double seconds;                 /* IN, EVERY */
};

enum result { RESULT_OK, RESULT_ERROR, RESULT_CME, RESULT_CMS, RESULT_PROMPT, RESULT_NONE };

struct answer {
	struct evbuffer *lines;
	unsigned n;                     /* lines in it */
	enum result result;
	int code;
};

/* A script being run: in the foreground it answers a command, and the next one waits. */
struct run {
	struct run *next, **self;
	struct sim_modem *modem;
	const struct script *script;
	unsigned at;
	bool foreground, prepared, ended;
	struct answer answer;
	struct later *waits;            /* while it does */
};

/* What came where a prompt asked for it: AT+CMGS, +CMGW or +CNMA. */
struct payload {
	const char *command;            /* "+CMGS" */
	size_t length;                  /* that was announced, PDU mode */
	char address[WORD_ROOM];        /* text mode */
	char text[LINE_ROOM];
	bool report_due;                /* once it is answered */
	bool judged, taken;             /* what follows holds once judged */
	enum result result;
	int code;
	struct tpdu tpdu;
	uint8_t reference;
	int64_t taken_at;
};

struct menu { struct menu *next; char path[WORD_ROOM * 2], text[LINE_ROOM / 2]; int m, dcs; };

struct sim_modem {
	struct event_base *base;
	struct sim_modem_setup setup;
	char *path, *name;
	struct settings settings;
	struct state state;

	/* sim_modem_pty.c */
	int fd;                         /* -1: unplugged */
	struct event *readable, *writable, *looks; /* looks: for a host to open it */
	struct evbuffer *out;
	bool host;                      /* somebody has it open */
	double drip;                    /* seconds between octets */

	/* sim_modem_line.c */
	char line[LINE_ROOM];           /* that is coming */
	size_t have;
	char command[LINE_ROOM];        /* that came last */
	struct evbuffer *in;            /* not yet looked at */
	bool prompted;                  /* octets are a payload */
	struct payload payload;

	/* sim_modem_rule.c */
	struct script *scripts;         /* the newest first */
	struct run *runs;               /* in the background */
	struct run *run;                /* in the foreground, or NULL */
	struct later *laters;
	bool hung, booted;
	bool inside;                    /* the input is being read */

	/* sim_modem_store.c, sim_modem_net.c, sim_modem_ussd.c */
	struct storage storages[STORAGES];
	unsigned nstorages;
	struct letter *network;         /* waits for the modem, the oldest first */
	struct letter *unacked;         /* told, and AT+CNMA is awaited */
	struct later *unacked_timer;
	struct evbuffer *held;          /* unsolicited lines that wait for the end of a prompt */
	struct { char number[WORD_ROOM]; int code; } refusals[REFUSALS];
	unsigned nrefusals;
	struct menu *menus;
	char dialogue[WORD_ROOM * 2];   /* the path of the open one; "": none */
	uint64_t taken, received;       /* counted */
	uint64_t ready_ms;              /* the SIM is busy until then */
	uint64_t booted_ms;
	int stored_offer;               /* the storage that +CMGW last used */
};

/* sim_modem.c */
uint64_t modem_clock(void);             /* monotonic milliseconds */
void modem_tell(struct sim_modem *, enum sim_modem_what, const char *text, const char *id);
void modem_tell_letter(struct sim_modem *, enum sim_modem_what, const char *text, const struct letter *);
struct later *modem_later(struct sim_modem *, double seconds, void (*act)(struct sim_modem *, void *arg),
    void *arg);
void later_cancel(struct later *);      /* NULL is allowed */
void modem_reset(struct sim_modem *);   /* as AT commands found it at first */
void modem_unplug(struct sim_modem *);
bool modem_plug(struct sim_modem *, char *why, size_t room);
void modem_reboot(struct sim_modem *, double seconds);
void modem_hang(struct sim_modem *, double seconds); /* 0: for ever */

/* sim_modem_pty.c */
bool pty_open(struct sim_modem *, char *why, size_t room);
void pty_close(struct sim_modem *);
void pty_write(struct sim_modem *, const char *at, size_t len);
void pty_flush(struct sim_modem *);

/* sim_modem_line.c */
void line_input(struct sim_modem *, const char *at, size_t len);
void line_end(struct sim_modem *);    /* the last command has its result */
void line_prompt(struct sim_modem *);   /* says >, and what comes next is a payload */
void line_say(struct sim_modem *, const char *text); /* with its ends of line */
void line_unsolicited(struct sim_modem *, const char *text); /* now, or when no prompt is open */

/* sim_modem_rule.c */
struct script *rule_read(struct sim_modem *, const char *line, char *why, size_t room);
void rule_moment(struct sim_modem *, enum moment, const char *line); /* starts what a moment has */
void run_start(struct sim_modem *, const struct script *, bool foreground);
void run_go_on(struct run *);
void run_free(struct run *);
void rules_free(struct sim_modem *);

/* sim_modem_verb.c */
struct verb { const char *name; unsigned least, most; bool (*good)(char *const *args, unsigned n);
	/* Seconds to wait before the next action; negative: the run ends here. */
	double (*act)(struct run *, char *const *args, unsigned n); };
const struct verb *verb_find(const char *name);

/* sim_modem_at.c */
struct call { char name[24]; enum { CALL_DO, CALL_READ, CALL_SET, CALL_TEST } kind; const char *args; };
void at_execute(struct sim_modem *, const char *line, struct answer *);
__attribute__((format(printf, 2, 3))) void answer_line(struct answer *, const char *format, ...);
void answer_error(struct answer *, enum result, int code);
void answer_say_lines(struct sim_modem *, struct answer *);
void answer_say_result(struct sim_modem *, struct answer *);
/* The nth argument, counted from 0, without its quotes; false: there is none, or it is empty. */
bool at_text(const char *args, unsigned nth, char *out, size_t room);
long at_number(const char *args, unsigned nth, long otherwise);

/* What has to be in order: nothing, or the SIM; how it is said that it is not: +CME or +CMS. */
enum wants { WANTS_NOTHING, WANTS_SIM, WANTS_MESSAGES };
struct at_row { const char *name; void (*act)(struct sim_modem *, const struct call *, struct answer *);
	enum wants wants; };
extern const struct at_row at_general[], at_sms[];

/* sim_modem_settings.c */
void settings_usual(struct settings *);
bool settings_known(const char *name, const char *value);
void settings_set(struct sim_modem *, const char *name, const char *value);
bool modem_registered(const struct sim_modem *);
int modem_creg(const struct sim_modem *, bool lte);

/* sim_modem_sms.c */
void sms_payload(struct sim_modem *, struct answer *); /* the result of the payload */
void sms_take(struct sim_modem *);      /* gives the payload to the network, once */

/* sim_modem_text.c: text mode */
void text_submit(struct sim_modem *);   /* payload.tpdu of address and text */
void text_header(const struct sim_modem *, const struct letter *, const char *head, char *out, size_t room);
void text_body(const struct sim_modem *, const struct letter *, char *out, size_t room);
/* UTF-8 as AT+CSCS has strings, and back. */
void text_encode(const struct sim_modem *, const char *text, char *out, size_t room);
void text_decode(const struct sim_modem *, const char *string, char *out, size_t room);

/* sim_modem_store.c */
void store_usual(struct sim_modem *);
int store_named(const struct sim_modem *, const char *name); /* -1: none */
void store_size(struct sim_modem *, const char *name, unsigned size);
unsigned store_used(const struct storage *);
int store_put(struct sim_modem *, int storage, struct letter *); /* takes; the slot, -1: full, and not taken */
struct letter *store_at(const struct sim_modem *, int storage, long index);
bool store_delete(struct sim_modem *, int storage, long index);
void store_free(struct sim_modem *);

/* sim_modem_net.c */
void net_post(struct sim_modem *, struct letter *); /* takes */
void net_deliver(struct sim_modem *);   /* what can be delivered now */
void net_deliver_soon(struct sim_modem *); /* the same, behind the answer that is being made */
bool net_acked(struct sim_modem *, bool yes); /* AT+CNMA; false: none was awaited */
void net_reset(struct sim_modem *);     /* the modem restarts: what was not acknowledged comes again */
void net_submit(struct sim_modem *);    /* the payload's SUBMIT is taken: counts, reports */
void net_report(struct sim_modem *, int status); /* about the payload's SUBMIT */
void net_free(struct sim_modem *);
void net_report_due(struct sim_modem *); /* the answer is out */
struct tpdu_time net_now(const struct sim_modem *);

/* sim_modem_ussd.c */
void ussd_menu(struct sim_modem *, const char *path, const char *text, int m, int dcs);
void ussd_command(struct sim_modem *, const struct call *, struct answer *);
void ussd_menus_free(struct sim_modem *);

#endif
