/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stands in for packetdrill: loads the plug-in as that does, calls all 32 functions and judges what
 * leaves. TERN_PLUGIN names the object, TERN_BIND=deep asks for RTLD_DEEPBIND, which sanitizers do
 * not stand.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <criterion/criterion.h>

#include "calls.h"
#include "kit/frame.h"

#define FLAGS "ip=192.168.0.1,mask=255.255.0.0,gw=192.168.0.2,peer=192.0.2.1,timestamps=0"
#define MS 1000 /* microseconds */

static struct calls c;
static struct ends ends; /* of what we inject */
static uint32_t our_isn, peer_isn = 7000;

static calls_init *
load(void)
{
	const char *path = getenv("TERN_PLUGIN"), *bind = getenv("TERN_BIND");
	bool deep = bind != NULL && strcmp(bind, "deep") == 0;
	calls_init *init;
	void *so;

	cr_assert_not_null(path, "TERN_PLUGIN names no object");
	so = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE | (deep ? RTLD_DEEPBIND : 0));
	cr_assert_not_null(so, "%s", dlerror());
	*(void **)(void *)&init = dlsym(so, "packetdrill_interface_init");
	cr_assert_not_null(init);
	return init;
}

static void
begin(const char *flags)
{
	load()(flags, &c);
	ends = (struct ends){
		.src = ip4("192.0.2.1"),
		.dst = ip4("192.168.0.1"),
		.sport = 40000,
		.dport = 8080,
	};
}

static void
start(void)
{
	begin(FLAGS);
}

static void
stop(void)
{
	c.free(c.self);
}

TestSuite(plugin, .init = start, .fini = stop, .timeout = 20);

/* The wire ---------------------------------------------------------------------------------- */

static void
inject(const char *text)
{
	static const uint8_t zeros[2048];
	struct segment s;
	struct frame f;
	const char *wrong = segment_parse(&s, text, peer_isn, our_isn);

	cr_assert_null(wrong, "\"%s\": %s", text, wrong);
	frame_tcp(&f, &ends, &s, zeros);
	cr_assert_eq(c.netdev_send(c.self, f.b + FRAME_L3, f.len - FRAME_L3), 0);
}

static long long
now_us(void)
{
	struct timeval now;

	cr_assert_eq(c.gettimeofday(c.self, &now, NULL), 0);
	return now.tv_sec * 1000000LL + now.tv_usec;
}

/* The next segment that leaves; its time. */
static long long
sniff(struct segment *s)
{
	long long at = 0;
	uint8_t b[2048];
	size_t n = sizeof(b);

	cr_assert_eq(c.netdev_receive(c.self, b, &n, &at), 0);
	cr_assert_geq(n, 40, "nothing leaves");
	cr_assert_eq(b[0], 0x45, "a link header is left");
	cr_assert(segment_read(s, b + 20, (uint32_t)n - 20));
	if ((s->flags & SYN) != 0) {
		our_isn = s->seq;
		ends.dport = get16(b + 20);
		ends.sport = get16(b + 22);
	}
	return at;
}

static long long
expect(const char *text)
{
	char is[SEGMENT_TEXT], should[SEGMENT_TEXT];
	struct segment actual, expected;
	long long at = sniff(&actual);
	const char *wrong = segment_parse(&expected, text, our_isn, peer_isn);

	cr_assert_null(wrong, "\"%s\": %s", text, wrong);
	cr_assert(segment_matches(&expected, &actual), "expected %s, got %s",
		  segment_print(should, &expected, our_isn, peer_isn),
		  segment_print(is, &actual, our_isn, peer_isn));
	return at;
}

static void
nothing_leaves(void)
{
	long long at;
	uint8_t b[2048];
	size_t n = sizeof(b);

	cr_assert_eq(c.netdev_receive(c.self, b, &n, &at), 0);
	cr_assert_eq(n, 0);
}

/* Sockets ----------------------------------------------------------------------------------- */

static struct sockaddr_in
address(const char *ip, uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = rte_cpu_to_be_16(port),
		.sin_addr.s_addr = ip4(ip),
	};
}

static int
socket_of(int type)
{
	int fd = c.socket(c.self, AF_INET, type, 0);

	cr_assert_geq(fd, 0);
	cr_assert_neq(fcntl(fd, F_GETFD), -1, "no descriptor of the kernel");
	return fd;
}

static void
set_nonblocking(int fd)
{
	int flags = c.fcntl(c.self, fd, F_GETFL);

	cr_assert_eq(flags, O_RDWR);
	cr_assert_eq(c.fcntl(c.self, fd, F_SETFL, flags | O_NONBLOCK), 0);
	cr_assert_eq(c.fcntl(c.self, fd, F_GETFL), O_RDWR | O_NONBLOCK);
}

static int
bound(int type)
{
	struct sockaddr_in addr = address("192.168.0.1", 8080);
	int fd = socket_of(type);

	cr_assert_eq(c.bind(c.self, fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static int
listening(void)
{
	int fd = bound(SOCK_STREAM);

	cr_assert_eq(c.listen(c.self, fd, 1), 0);
	return fd;
}

static void
handshake(void)
{
	inject("S 0:0(0) win 32792 <mss 1000>");
	expect("S. 0:0(0) ack 1 <...>");
	inject(". 1:1(0) ack 1 win 32792");
}

static int
accepted(int listener)
{
	struct sockaddr_in peer = { 0 };
	socklen_t len = sizeof(peer);
	int fd = c.accept(c.self, listener, (struct sockaddr *)&peer, &len);

	cr_assert_geq(fd, 0);
	cr_assert_eq(len, sizeof(peer));
	cr_assert_eq(peer.sin_addr.s_addr, ends.src);
	cr_assert_eq(peer.sin_port, rte_cpu_to_be_16(ends.sport));
	return fd;
}

static int
established(void)
{
	int listener = listening(), fd;

	handshake();
	fd = accepted(listener);
	cr_assert_neq(fd, listener);
	return fd;
}

static void
expect_error(ssize_t result, int error)
{
	cr_assert_eq(result, -1, "no error but %zd", result);
	cr_assert_eq(errno, error, "%s", strerror(errno));
}

/* Tests ------------------------------------------------------------------------------------- */

Test(plugin, leaves_no_function_out)
{
	void *functions[CALLS];

	cr_assert_eq(sizeof(c), (CALLS + 1) * sizeof(void *));
	memcpy(functions, (char *)&c + sizeof(void *), sizeof(functions));
	for (int i = 0; i < CALLS; i++)
		cr_assert_not_null(functions[i], "function %d", i);
}

Test(plugin, opens_passively_reads_writes_and_closes)
{
	int fd = established();
	char b[4096] = { 0 };

	inject("P. 1:101(100) ack 1 win 32792");
	expect(". 1:1(0) ack 101");
	cr_assert_eq(c.read(c.self, fd, b, sizeof(b)), 100);
	cr_assert_eq(c.write(c.self, fd, b, 2000), 2000);
	expect(". 1:1001(1000) ack 101");
	expect("p. 1001:2001(1000) ack 101");
	inject(". 101:101(0) ack 2001 win 32792");
	inject("F. 101:101(0) ack 2001 win 32792");
	expect(". 2001:2001(0) ack 102");
	cr_assert_eq(c.read(c.self, fd, b, sizeof(b)), 0);
	cr_assert_eq(c.close(c.self, fd), 0);
	cr_assert_eq(fcntl(fd, F_GETFD), -1, "the kernel's descriptor is still there");
	expect("F. 2001:2001(0) ack 102");
	inject(". 102:102(0) ack 2002 win 32792");
	nothing_leaves();
	expect_error(c.read(c.self, fd, b, sizeof(b)), EBADF);
}

Test(plugin, opens_actively)
{
	struct sockaddr_in to = address("192.0.2.1", 8080);
	int fd = socket_of(SOCK_STREAM), error = -1;
	socklen_t len = sizeof(error);

	set_nonblocking(fd);
	expect_error(c.connect(c.self, fd, (struct sockaddr *)&to, sizeof(to)), EINPROGRESS);
	expect("S 0:0(0) <...>");
	expect_error(c.connect(c.self, fd, (struct sockaddr *)&to, sizeof(to)), EALREADY);
	inject("S. 0:0(0) ack 1 win 65535 <mss 1460>");
	expect(". 1:1(0) ack 1");
	cr_assert_eq(c.getsockopt(c.self, fd, SOL_SOCKET, SO_ERROR, &error, &len), 0);
	cr_assert_eq(error, 0);
	cr_assert_eq(c.shutdown(c.self, fd, SHUT_WR), 0);
	expect("F. 1:1(0) ack 1");
	inject("R. 1:1(0) ack 2 win 0");
	expect_error(c.recv(c.self, fd, &error, 1, 0), ECONNRESET);
	cr_assert_eq(c.recv(c.self, fd, &error, 1, 0), 0);
}

/* RFC 6298 (2.1), (5.5): 1 s, then twice that, to the microsecond. */
Test(plugin, keeps_virtual_time)
{
	struct sockaddr_in to = address("192.0.2.1", 8080);
	int fd = socket_of(SOCK_STREAM);
	long long before = now_us(), first;

	cr_assert_gt(now_us(), before, "the clock does not tick by itself");
	set_nonblocking(fd);
	expect_error(c.connect(c.self, fd, (struct sockaddr *)&to, sizeof(to)), EINPROGRESS);
	first = expect("S 0:0(0) <...>");
	cr_assert_lt(first - before, 1 * MS);
	cr_assert_leq(llabs(expect("S 0:0(0) <...>") - first - 1000 * MS), 20);
	cr_assert_leq(llabs(expect("S 0:0(0) <...>") - first - 3000 * MS), 40);
	before = now_us();
	cr_assert_eq(c.usleep(c.self, 500 * MS), 0);
	cr_assert_leq(llabs(now_us() - before - 500 * MS), 10);
}

/* The thread of blocking calls ends its call at the very time of what it waited for. */
struct blocking {
	int fd;
	atomic_int tid;
	char b[100];
	ssize_t result;
	long long ended;
};

static void *
block_in_read(void *data)
{
	struct blocking *b = data;

	atomic_store(&b->tid, gettid());
	b->result = c.read(c.self, b->fd, b->b, sizeof(b->b));
	b->ended = now_us();
	return NULL;
}

static bool
is_asleep(int tid)
{
	char path[64], line[256] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	file = fopen(path, "r");
	cr_assert_not_null(file);
	cr_assert_not_null(fgets(line, sizeof(line), file));
	fclose(file);
	return strstr(line, ") S ") != NULL;
}

Test(plugin, blocks_in_a_thread_of_its_own)
{
	struct blocking b = { .fd = established() };
	struct timespec pause = { .tv_nsec = 1000000 };
	long long began = now_us();
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, block_in_read, &b), 0);
	while (atomic_load(&b.tid) == 0 || !is_asleep(atomic_load(&b.tid)))
		nanosleep(&pause, NULL);
	c.usleep(c.self, 300 * MS);
	inject("P. 1:11(10) ack 1 win 32792");
	c.usleep(c.self, 5000 * MS);
	pthread_join(thread, NULL);
	cr_assert_eq(b.result, 10);
	cr_assert_leq(llabs(b.ended - began - 300 * MS), 100, "%lld us", b.ended - began);
}

Test(plugin, reads_and_writes_in_every_way)
{
	char a[60], b[60];
	struct iovec iov[2] = { { a, 30 }, { b, 30 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	int fd = established(), waiting = 0;

	set_nonblocking(fd);
	expect_error(c.readv(c.self, fd, iov, 2), EAGAIN);
	inject("P. 1:201(200) ack 1 win 32792");
	cr_assert_eq(c.ioctl(c.self, fd, FIONREAD, &waiting), 0);
	cr_assert_eq(waiting, 200);
	cr_assert_eq(c.recv(c.self, fd, a, 60, MSG_PEEK), 60);
	cr_assert_eq(c.readv(c.self, fd, iov, 2), 60);
	cr_assert_eq(c.recvmsg(c.self, fd, &msg, 0), 60);
	cr_assert_eq(c.recvfrom(c.self, fd, a, 60, 0, NULL, NULL), 60);
	cr_assert_eq(c.recv(c.self, fd, a, 60, 0), 20);
	expect(". 1:1(0) ack 201");
	cr_assert_eq(c.writev(c.self, fd, iov, 2), 60);
	expect("P. 1:61(60) ack 201");
	inject(". 201:201(0) ack 61 win 32792");
	cr_assert_eq(c.sendmsg(c.self, fd, &msg, 0), 60);
	expect("P. 61:121(60) ack 201");
	inject(". 201:201(0) ack 121 win 32792");
	cr_assert_eq(c.send(c.self, fd, a, 60, 0), 60);
	expect("P. 121:181(60) ack 201");
}

Test(plugin, exchanges_datagrams)
{
	struct sockaddr_in to = address("192.0.2.1", 40000), from;
	int fd = bound(SOCK_DGRAM);
	socklen_t len = sizeof(from);
	uint8_t b[2048];
	size_t n = sizeof(b);
	struct frame f;
	long long at;

	frame_udp(&f, &ends, "question", 8);
	cr_assert_eq(c.netdev_send(c.self, f.b + FRAME_L3, f.len - FRAME_L3), 0);
	cr_assert_eq(c.recvfrom(c.self, fd, b, sizeof(b), 0, (struct sockaddr *)&from, &len), 8);
	cr_assert_arr_eq(b, "question", 8);
	cr_assert_eq(from.sin_port, to.sin_port);
	cr_assert_eq(c.sendto(c.self, fd, "answer", 6, 0, (struct sockaddr *)&to, sizeof(to)), 6);
	cr_assert_eq(c.netdev_receive(c.self, b, &n, &at), 0);
	cr_assert_eq(n, 20 + 8 + 6);
	cr_assert_arr_eq(b + 28, "answer", 6);
}

Test(plugin, tells_what_is_ready)
{
	int listener = listening(), ep = c.epoll_create(c.self, 1), fd;
	struct pollfd p = { .fd = listener, .events = POLLIN };
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.fd = 77 }, told;
	long long before = now_us();

	cr_assert_eq(c.poll(c.self, &p, 1, 250), 0);
	cr_assert_leq(llabs(now_us() - before - 250 * MS), 20);
	handshake();
	cr_assert_eq(c.poll(c.self, &p, 1, -1), 1);
	cr_assert_eq(p.revents, POLLIN);
	fd = accepted(listener);
	cr_assert_eq(c.epoll_ctl(c.self, ep, EPOLL_CTL_ADD, fd, &event), 0);
	cr_assert_eq(c.epoll_wait(c.self, ep, &told, 1, 0), 0);
	inject("P. 1:11(10) ack 1 win 32792");
	cr_assert_eq(c.epoll_wait(c.self, ep, &told, 1, 0), 1);
	cr_assert_eq(told.data.fd, 77);
	cr_assert_eq(told.events, EPOLLIN);
	cr_assert_eq(c.epoll_wait(c.self, ep, &told, 1, 0), 0, "an edge is told twice");
}

Test(plugin, splices_through_a_pipe)
{
	int fd = established(), ends_of_pipe[2];
	char b[100];

	cr_assert_eq(c.pipe(c.self, ends_of_pipe), 0);
	inject("P. 1:101(100) ack 1 win 32792");
	expect(". 1:1(0) ack 101");
	cr_assert_eq(c.splice(c.self, fd, NULL, ends_of_pipe[1], NULL, 60, 0), 60);
	cr_assert_eq(c.splice(c.self, ends_of_pipe[0], NULL, fd, NULL, 50, 0), 50);
	expect("P. 1:51(50) ack 101");
	cr_assert_eq(c.read(c.self, ends_of_pipe[0], b, sizeof(b)), 10);
	cr_assert_eq(c.close(c.self, ends_of_pipe[1]), 0);
	cr_assert_eq(c.read(c.self, ends_of_pipe[0], b, sizeof(b)), 0);
}

Test(plugin, sets_options_and_refuses_what_does_nothing)
{
	int fd = established(), on = 1, is = 0;
	socklen_t len = sizeof(is);

	cr_assert_eq(c.setsockopt(c.self, fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof(on)),
		     0);
	cr_assert_eq(c.getsockopt(c.self, fd, IPPROTO_TCP, 1, &is, &len), 0);
	cr_assert_eq(is, 1);
	cr_assert_eq(c.getsockopt(c.self, fd, IPPROTO_TCP, 2 /* TCP_MAXSEG */, &is, &len), 0);
	cr_assert_eq(is, 1000);
	expect_error(c.setsockopt(c.self, fd, SOL_SOCKET, SO_DEBUG, &on, sizeof(on)), ENOPROTOOPT);
	expect_error(c.socket(c.self, AF_INET6, SOCK_STREAM, 0), EAFNOSUPPORT);
}

/* RFC 9293 SHLD-3: who closes with bytes unread tells the peer. */
Test(plugin, closes_unread_bytes_with_a_reset)
{
	int fd = established();

	inject("P. 1:11(10) ack 1 win 32792");
	expect(". 1:1(0) ack 11");
	cr_assert_eq(c.close(c.self, fd), 0);
	expect("R. 1:1(0) ack 11 <...>");
}

/* What stays open at the end is taken back: no mbuf is missing (stop() would exit). */
Test(plugin, ends_in_the_midst_of_things)
{
	int fd = established();
	char b[4000] = { 0 };

	inject("P. 101:201(100) ack 1 win 32792");
	cr_assert_eq(c.write(c.self, fd, b, sizeof(b)), sizeof(b));
}

Test(flags, unknown_one, .exit_code = 2)
{
	begin("iw=10,colour=red");
}

Test(flags, number_that_is_none, .exit_code = 2)
{
	begin("delack=soon");
}

Test(flags, number_out_of_range, .exit_code = 2)
{
	begin("iw=1000");
}

Test(flags, address_that_is_none, .exit_code = 2)
{
	begin("ip=192.168.0");
}

Test(flags, are_fields_of_the_configuration)
{
	begin("rto_initial_ns=3s,initial_window=4,wscale=off,rcvbuf=8k,delack=quick,cc=newreno");
	listening();
	inject("S 0:0(0) win 32792 <mss 1000,nop,wscale 7>");
	expect("S. 0:0(0) ack 1 win 8192 <mss 1460>");
	cr_assert_geq(expect("S. 0:0(0) ack 1 win 8192 <mss 1460>") - now_us(), -100);
	stop();
}
