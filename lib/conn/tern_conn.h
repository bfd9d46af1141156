/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The connection block (RFC 9293 §3.3.1, "TCB") and what its user supplies.
 *
 * The block is public: read anything; change what the comments allow. It belongs to the TCP layer
 * of one lcore, and so do all calls about it. A pointer to it is good from on_accept or connect
 * until on_closed() returns; who must keep a reference for longer keeps the id of
 * tern_tcp_id() and asks tern_tcp_find() with it.
 *
 * Sending needs no buffer. The user says how much there is (available), writes it straight into a
 * frame when it leaves, and again when it must be repeated (fill or lend), and forgets it when it
 * is acknowledged (acked). Bytes are counted from 0, the first byte after the SYN, in 64 bits.
 *
 * Receiving needs none either: on_data() sees each piece of the stream once, in order, in the mbuf
 * that brought it. What is early waits in its own mbufs, bounded by the window and by
 * tern_config.held_pkts.
 *
 * Times are in ticks of TERN_TICK_NS, wrapping; sequence numbers wrap too (RFC 9293 §3.4).
 */
#ifndef TERN_CONN_H
#define TERN_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include <tern_addr.h>
#include <tern_api.h>
#include <tern_in.h>
#include <tern_verdict.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TERN_TICK_NS 10000u

/* RFC 9293 §3.3.2 */
enum tern_tcp_state {
	TERN_CLOSED,
	TERN_LISTEN,
	TERN_SYN_SENT,
	TERN_SYN_RECEIVED,
	TERN_ESTABLISHED,
	TERN_FIN_WAIT_1,
	TERN_FIN_WAIT_2,
	TERN_CLOSE_WAIT,
	TERN_CLOSING,
	TERN_LAST_ACK,
	TERN_TIME_WAIT,
	TERN_TCP_STATES
};

/* What a user may be told while a connection goes on: tern_tcp_user.on_report. */
enum tern_report {
	TERN_REPORT_UNANSWERED,	 /* R1: sent again and again in vain (RFC 9293 MUST-20) */
	TERN_REPORT_UNREACHABLE, /* an ICMP error that may pass (RFC 9293 SHLD-25, RFC 5927) */
	TERN_REPORT_URGENT,	 /* the peer points at urgent data (RFC 9293 MUST-32) */
	TERN_REPORTS
};

/* Why a connection ended, as its user sees it. */
enum tern_why {
	TERN_FINISHED,	  /* both sides closed, everything delivered and acknowledged */
	TERN_RESET,	  /* the peer reset it, or it was reset for a breach of protocol */
	TERN_REFUSED,	  /* a reset answered our SYN */
	TERN_TIMED_OUT,	  /* no answer for R2 (RFC 9293 §3.8.3) */
	TERN_UNREACHABLE, /* no route, or the neighbour never answered */
	TERN_ABORTED,	  /* tern_tcp_abort() was called */
	TERN_WHYS
};

struct tern_conn;
struct tern_tcp;
struct rte_mbuf_ext_shared_info;

/* Memory lent for sending: see tern_tcp_user.lend. */
struct tern_loan {
	const void *data;
	uint32_t len;				 /* bytes at data, at least 1 */
	rte_iova_t iova;			 /* RTE_BAD_IOVA where no port needs it */
	struct rte_mbuf_ext_shared_info *shared; /* counts its users: rte_pktmbuf_attach_extbuf() */
};

/**
 * What the user of a connection supplies. Any member may be NULL. All are called from
 * tern_poll() on the lcore of the connection, on_closed() also from the call that ends it
 * (tern_tcp_abort() ...). Those that begin with on_, and acked(), may call any tern_tcp_*()
 * function, also such as end the connection. available(), fill() and lend() are asked in the midst
 * of making a segment: they only answer.
 */
struct tern_tcp_user {
	/** The connection reached ESTABLISHED. */
	void (*on_open)(struct tern_tcp_user *self, struct tern_conn *conn);

	/**
	 * The next in->len bytes of the stream stand at in->data. Return
	 *   TERN_DONE    all were read; the stack may use the mbuf for its answer
	 *   TERN_TAKEN   all were accepted and the mbuf is kept; tern_tcp_consumed() when done
	 *   what tern_tcp_answer() returned
	 *   TERN_DROP_USER  none was accepted: they are not acknowledged and will come again
	 * Before it returns TERN_DONE the user may lower in->len to what it accepted.
	 * NULL: data are read and forgotten.
	 */
	enum tern_verdict (*on_data)(struct tern_tcp_user *self, struct tern_conn *conn,
				     struct tern_in *in);

	/** The peer has sent all it will (FIN). NULL: the connection is closed in return. */
	void (*on_eof)(struct tern_tcp_user *self, struct tern_conn *conn);

	/**
	 * The connection is over for its user; @conn is not to be used after this returns. Called
	 * once for each that on_open() was called for, and for each that tern_tcp_connect() made.
	 * Of a passive open that comes to nothing before ESTABLISHED nobody is told: there was no
	 * connection yet.
	 */
	void (*on_closed)(struct tern_tcp_user *self, struct tern_conn *conn, enum tern_why why);

	/** How many bytes are ready from stream position @at on. Cheap: asked on every output. */
	uint32_t (*available)(struct tern_tcp_user *self, struct tern_conn *conn, uint64_t at);

	/** Write @len bytes from position @at to @to: below what available() said; repeatable. */
	void (*fill)(struct tern_tcp_user *self, struct tern_conn *conn, uint64_t at, void *to,
		     uint32_t len);

	/**
	 * Instead of fill: lend memory that holds up to @len bytes from @at and stays as it is
	 * until acked() passes it. Return false to be asked with fill, which is needed all the
	 * same: not every port sends packets of several parts.
	 */
	bool (*lend)(struct tern_tcp_user *self, struct tern_conn *conn, uint64_t at, uint32_t len,
		     struct tern_loan *loan);

	/** Something that need not end the connection. */
	void (*on_report)(struct tern_tcp_user *self, struct tern_conn *conn,
			  enum tern_report what);

	/** The peer has acknowledged every byte before position @upto. */
	void (*acked)(struct tern_tcp_user *self, struct tern_conn *conn, uint64_t upto);
};

/* A node of the timer wheel; private. */
struct tern_timer_node {
	uint32_t next, prev, at;
};

/* The timers of a connection. */
enum tern_tcp_timer {
	TERN_TIMER_REXMIT, /* retransmission, or zero-window probe */
	TERN_TIMER_LOSS,   /* RACK's reordering window, or the tail loss probe (RFC 8985) */
	TERN_TIMER_ACK,	   /* delayed ACK; the next segment of a paced flight */
	TERN_TIMER_STATE,  /* end of waiting for a FIN; linger; keep-alive */
	TERN_TIMERS
};

/* tern_conn.flags; private unless said otherwise. */
#define TERN_CONN_NODELAY (1u << 0)	  /* public: Nagle's algorithm off (RFC 9293 §3.7.4) */
#define TERN_CONN_ACK_NOW (1u << 1)	  /* an ACK is owed at once */
#define TERN_CONN_FIN_WANTED (1u << 2)	  /* the user closed: FIN after the last byte */
#define TERN_CONN_FIN_SENT (1u << 3)	  /* FIN is the last number below snd.max */
#define TERN_CONN_CLOSED (1u << 4)	  /* the user wants no more data either */
#define TERN_CONN_RECOVERY (1u << 6)	  /* fast recovery, until snd.recover */
#define TERN_CONN_LOSS (1u << 7)	  /* recovery after a timeout, until snd.recover */
#define TERN_CONN_PROBING (1u << 8)	  /* the rexmit timer is the zero-window probe's */
#define TERN_CONN_READY (1u << 9)	  /* on the list of those that may have to send */
#define TERN_CONN_USER_GONE (1u << 10)	  /* on_closed() has been called */
#define TERN_CONN_WSCALE (1u << 11)	  /* both sides sent Window Scale (RFC 7323 §2.2) */
#define TERN_CONN_TIMESTAMPS (1u << 12)	  /* both sides sent Timestamps (RFC 7323 §3.2) */
#define TERN_CONN_SACK (1u << 13)	  /* both sides sent SACK-Permitted (RFC 2018 §2) */
#define TERN_CONN_FORCE (1u << 14)	  /* the next segment goes out whatever the window says */
#define TERN_CONN_REPEAT (1u << 15)	  /* one segment at snd.una is to be sent again */
#define TERN_CONN_SYN_REPEATED (1u << 16) /* the SYN had to be (RFC 6298 (5.7)) */
#define TERN_CONN_ECN (1u << 17)	  /* both sides can (RFC 3168 §6.1.1) */
#define TERN_CONN_ECE (1u << 18)	  /* congestion was experienced: echo it until CWR */
#define TERN_CONN_CWR (1u << 19)	  /* cwnd was reduced: say so in the next new data */
#define TERN_CONN_REDUCED (1u << 20)	  /* so it was, and not again before snd.recover */
#define TERN_CONN_LIMITED (1u << 21)	  /* cwnd was what stopped us, in this flight */
#define TERN_CONN_TLP (1u << 22)	  /* a tail loss probe is under way, up to tlp_end */
#define TERN_CONN_TLP_REPEATS (1u << 23)  /* it repeated data */
#define TERN_CONN_REORDERED (1u << 24)	  /* the path reorders (RFC 8985 §6.2) */
#define TERN_CONN_FRTO_1 (1u << 25)	  /* a timeout, and its first ACK is awaited (RFC 5682) */
#define TERN_CONN_FRTO_2 (1u << 26)	  /* and its second */
#define TERN_CONN_ACK_SOON (1u << 27)	  /* an ACK is owed at the end of the burst */
#define TERN_CONN_PACED (1u << 28)	  /* pacing is on: tern_tcp_pace() */
#define TERN_CONN_UNDO (1u << 29)	  /* what undo.* says can still be restored */
#define TERN_CONN_DSACK (1u << 30)	  /* a duplicate came: say so in the next ACK (RFC 2883) */
#define TERN_CONN_LINGER (1u << 31)	  /* the STATE timer is tern_tcp_linger()'s */

/* tern_conn.marks: the same, of what is rare. */
#define TERN_MARK_SPACE (1u << 0)     /* rcv.space is the user's: do not tune it */
#define TERN_MARK_KEEPALIVE (1u << 1) /* a keep-alive probe is to be sent */
#define TERN_MARK_PTO (1u << 2)	      /* the LOSS timer is that of a tail loss probe */
#define TERN_MARK_URGENT (1u << 3)    /* public: urgent data end before the number `urgent` */

#define TERN_RCV_RECENT 4
#define TERN_CONGESTION_WORDS 6

/*
 * Ordered by heat: a request and its answer touch the first four cache lines; the rest is for
 * losses, reordering, long flights and what is rare.
 */
struct tern_conn {
	/* First line: who it is, and what every segment asks. */
	struct tern_addr remote, local;
	rte_be16_t rport, lport;    /* in this order: as source and destination come in a segment */
	uint32_t slot;		    /* index in the table of its lcore */
	struct tern_tcp_user *user; /* public: may be changed */
	void *data;		    /* public: the user's own */
	uint32_t flags;		    /* TERN_CONN_* */
	uint8_t state;		    /* enum tern_tcp_state */
	uint8_t timers;		    /* bit per armed enum tern_tcp_timer */

	/* Send sequence variables (RFC 9293 §3.3.1). */
	struct {
		uint32_t una;	  /* oldest number not acknowledged */
		uint32_t nxt;	  /* next to send; falls back to una after an RTO */
		uint32_t max;	  /* highest ever sent, + 1 */
		uint32_t wnd;	  /* what the peer allows from una on, bytes */
		uint32_t wl1;	  /* SEG.SEQ of the last window update */
		uint32_t wl2;	  /* SEG.ACK of it */
		uint32_t max_wnd; /* largest wnd ever seen */
		uint32_t recover; /* snd.max when the last loss was seen (RFC 6582) */
		uint16_t mss;	  /* largest payload we send; public: may be lowered */
		uint8_t wscale;	  /* shift of the windows that the peer sends */
		uint8_t dupacks;
	} snd;

	/* Receive sequence variables. */
	struct {
		uint32_t nxt;	/* next expected */
		uint32_t adv;	/* right edge advertised: never moves left */
		uint32_t space; /* bytes that may be held for the user: tern_tcp_set_space() */
		uint32_t held;	/* bytes of it in use: early, kept, or not consumed yet */
		uint32_t acked; /* nxt in the last ACK sent: Last.ACK.sent of RFC 7323 §4.3 */
		uint32_t ts;	/* TS.Recent */
		uint16_t mss;	/* largest payload seen: what the peer calls full-sized */
		uint8_t wscale; /* shift of the windows that we send */
		uint8_t quick;	/* segments that are still acknowledged at once */
	} rcv;

	/* Congestion control (RFC 5681), bytes. */
	struct {
		uint32_t cwnd;
		uint32_t ssthresh;
	} cong;

	/* Round-trip time (RFC 6298), microseconds but for the ticks. */
	struct {
		uint32_t srtt_8;   /* smoothed, times 8; 0: no sample yet */
		uint32_t rttvar_4; /* variation, times 4 */
		uint32_t rto;	   /* ticks, without back-off */
		uint32_t seq;	   /* no further sample before this number is acknowledged */
		uint32_t least_us; /* smallest sample: RACK's min_RTT */
		uint8_t backoff;   /* times that the timer expired in a row */
	} rtt;

	uint64_t sent; /* stream position of snd.una, bytes */

	/*
	 * The latest transmissions in order: from the number tail.first to snd.max, sent at
	 * tail.us. What was sent before them is in the ranges of flight.*.
	 */
	struct {
		uint32_t first, us;
	} tail;

	/* Private from here on, but for what says otherwise. */
	struct tern_tcp *tcp;  /* the layer that owns it */
	struct rte_mbuf *kept; /* answers not acknowledged yet, in order */
	struct rte_mbuf *kept_last;
	uint32_t since; /* tick of the last sign of life, or of the first send after it (R2) */
	uint32_t hop;	/* next hop, as the IP layer remembers it */
	uint16_t early_n, kept_n;      /* mbufs on the lists of these names */
	uint32_t link_next, link_prev; /* in the list of ready, or of TIME-WAIT ones */
	struct tern_timer_node wheel;
	uint32_t deadline[TERN_TIMERS]; /* ticks */
	uint32_t heard_s;		/* when the last acceptable segment came, seconds */
	uint32_t ts_offset;		/* of our timestamps (RFC 7323 §5.4, §7.1) */
	uint32_t r2;			/* user timeout, ticks; 0: tern_config's (RFC 5482) */

	/* From here on: losses, long flights, rarities. */
	const struct tern_congestion *congestion;
	uint32_t congestion_state[TERN_CONGESTION_WORDS]; /* its own, of any shape */

	/* The flight in ranges of numbers, each with the time it was sent: lib/conn/flight.h. */
	struct {
		uint32_t first, last;  /* ranges of it; SENT_NONE: all is in the tail */
		uint32_t sacked, lost; /* bytes below snd.nxt; lost: and not sent again */
	} flight;
	uint16_t ranges; /* in that list */
	uint8_t tos;	 /* public: traffic class of what we send, without the ECN bits */
	uint8_t marks;	 /* TERN_MARK_* */

	/* RFC 8985 §5.2 */
	struct {
		uint32_t us;	 /* when the latest of what was delivered had been sent */
		uint32_t end;	 /* its last number, + 1 */
		uint32_t rtt_us; /* its round trip */
		uint32_t fack;	 /* highest number delivered, + 1 */
		uint32_t round;	 /* snd.max when the window was last widened */
	} rack;
	uint8_t rack_widened; /* reo_wnd_mult less 1 */
	uint8_t rack_persist; /* recoveries that it stays so */
	uint16_t keepalive_s; /* idle time; 0: none are sent */
	uint32_t tlp_end;

	/* Proportional rate reduction (RFC 6937), bytes since recovery began. */
	struct {
		uint32_t delivered, out, flight;
	} prr;

	/* What was before the last reduction, should it turn out to be for nothing (RFC 4015). */
	struct {
		uint32_t cwnd, ssthresh;
		uint32_t repeated; /* bytes sent again since, that no D-SACK has spoken of */
		uint32_t ts;	   /* our clock at the first of them */
		uint32_t first;	   /* snd.una then: what is before it belongs to another one */
		uint32_t high;	   /* the highest of them, + 1 */
	} undo;

	struct rte_mbuf *early;	     /* segments beyond a gap, in order */
	struct rte_mbuf *early_last; /* the first of the last run of them */
	struct {
		uint32_t first, end;
	} recent[TERN_RCV_RECENT]; /* runs of them, the latest first (RFC 2018 §4); empty: 0, 0 */
	uint32_t dsack_first, dsack_end; /* the duplicate to be told of */
	uint32_t challenged;		 /* tick of the last challenge ACK */
	uint32_t tune_seq, tune_us;	 /* the round trip that receive tuning looks at */
	uint32_t pace;			 /* bytes a millisecond; 0: from cwnd and SRTT */
	uint16_t keepalive_every_s;
	uint8_t keepalive_count, keepalive_sent;
	uint8_t probes;	    /* tail loss probes since a round trip was measured */
	uint8_t mtu_doubts; /* silences that may have been a black hole's: mtu.h */
	uint16_t mss_most;  /* what snd.mss was before a path MTU lowered it */
	uint32_t mtu_at;    /* tick of that */
	uint32_t pace_us;   /* when the next segment may leave */
	uint32_t urgent;    /* RCV.UP, with TERN_MARK_URGENT */
	uint32_t limited;   /* TERN_CONN_LIMITED holds until this number is acknowledged */
	uint32_t round_end, round_flight; /* the round trip that cwnd validation looks at */
	uint32_t sent_us;		  /* time of the latest sending: flight.c, order() */
	uint32_t mtu_full; /* acknowledged: a full segment came through, and there is no doubt */
} __attribute__((aligned(64)));

/** Names for people: "ESTABLISHED", "timed out". NULL beyond the enum. */
TERN_API const char *tern_tcp_state_name(unsigned int state);
TERN_API const char *tern_why_text(unsigned int why);

#ifdef __cplusplus
}
#endif

#endif
