/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interfaces down and up again, each test in a network namespace of its own. ip(8), which
 * shares no code with kexec, shows the state before and after.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "interfaces.h"
#include "message.h"
#include "unit.h"

#define SKIPPED		77		/* for automake */
#define TEXT_SIZE	65536
#define DAD_TRIES	100		/* of 0.1 s, until no other host has claimed an address */

/* Everything that must be as before; only lifetimes, here of three digits, run on. */
#define STATE	"{ ip -o -d link; ip -o addr; ip -o route show table all; ip -o nexthop;" \
		"ip neigh show nud permanent; ip neigh show proxy; } |" \
		"sed 's/[0-9][0-9]sec/--sec/g; s/[a-z]*_timer *[0-9.]*//g; s/ *$//' | sort"

#define PAIR	"set -e; ip link add v0 type veth peer name v1;" \
		"ip link set v0 up; ip link set v1 up;"

static void must(const char *command)
{
	if (system(command))
		fail_msg("failed: %s", command);
}

static void read_output(const char *command, char text[TEXT_SIZE])
{
	FILE *pipe = popen(command, "re");
	size_t size;

	assert_non_null(pipe);
	size = fread(text, 1, TEXT_SIZE - 1, pipe);
	text[size] = 0;
	assert_int_equal(pclose(pipe), 0);
}

/* Once no address is being checked any more. */
static void read_state(char text[TEXT_SIZE])
{
	for (int i = 0; i < DAD_TRIES; i++) {
		read_output(STATE, text);
		if (!strstr(text, "tentative"))
			return;
		usleep(100000);
	}
	fail_msg("addresses stay tentative:\n%s", text);
}

static size_t count_up(void)
{
	char text[TEXT_SIZE];

	read_output("ip -o link show up | grep -vc ' lo:' || :", text);
	return (size_t)atoi(text);
}

/* What kexec says meanwhile, in TEXT. */
static void overhear(void (*act)(struct interfaces *n), struct interfaces *n, char text[TEXT_SIZE])
{
	int saved = dup(STDERR_FILENO);
	FILE *file = tmpfile();
	size_t size;

	assert_non_null(file);
	assert_true(saved >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
	act(n);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	rewind(file);
	size = fread(text, 1, TEXT_SIZE - 1, file);
	text[size] = 0;
	fclose(file);
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = fd < 0 || write(fd, text, strlen(text)) < 0;

	if (fd >= 0)
		close(fd);
	return err ? -1 : 0;
}

/* Who is not root becomes it in a user namespace, where this is allowed. */
static bool become_root(void)
{
	char map[32];

	snprintf(map, sizeof(map), "0 %u 1", (unsigned int)geteuid());
	return !geteuid() || (!unshare(CLONE_NEWUSER) && !write_file("/proc/self/uid_map", map));
}

static int setup(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET))
		return -1;
	/* Some kernels make these in each namespace. */
	return system("ip link set lo up; ip addr show dev lo | grep -q 127.0.0.1 || exit 1;"
		      "for i in ifb0 ifb1 dummy0; do ip link del $i 2> /dev/null; done; :");
}

/* Each of UP interfaces is taken down, and all is as it was afterwards, without a word. */
static void down_and_up(size_t up)
{
	char before[TEXT_SIZE], after[TEXT_SIZE], said[TEXT_SIZE];
	struct interfaces n = { 0 };

	read_state(before);
	assert_int_equal(count_up(), up);
	assert_int_equal(interfaces_down(&n), up);
	assert_int_equal(count_up(), 0);
	overhear(interfaces_up, &n, said);
	assert_string_equal(said, "");
	assert_int_equal(count_up(), up);
	read_state(after);
	if (!strcmp(before, after))
		return;
	/* cmocka would cut it. */
	fprintf(stderr, "before:\n%s\nafter:\n%s", before, after);
	fail();
}

static void addresses(void **state)
{
	(void)state;
	must(PAIR "ip addr add 10.1.0.1/24 dev v0; ip addr add 10.1.0.2/24 dev v0;"
	     "ip addr add 10.1.1.1/24 dev v0 noprefixroute;"
	     "ip addr add 10.8.0.1 peer 10.8.0.2 dev v1;"
	     "ip addr add 2001:db8:1::1/64 dev v0; ip addr add 2001:db8:1::2/64 dev v0 nodad;"
	     "ip addr add 2001:db8:1::3/64 dev v0 valid_lft 950 preferred_lft 550;"
	     "ip addr add 2001:db8:1::4/64 dev v0 valid_lft 950 preferred_lft 0;"
	     "ip addr add 2001:db8:2::1/64 dev v0 noprefixroute metric 77;"
	     "ip addr add 2001:db8:3::1 peer 2001:db8:3::2 dev v1;"
	     "ip addr add fe80::1:1/64 dev v1");
	down_and_up(2);
}

/* As addresses above, where the kernel keeps those that have no lifetime. */
static void addresses_kept(void **state)
{
	(void)state;
	must(PAIR "echo 1 > /proc/sys/net/ipv6/conf/all/keep_addr_on_down;"
	     "ip addr add 2001:db8:1::1/64 dev v0; ip -6 route add default via 2001:db8:1::9;"
	     "ip addr add 2001:db8:1::3/64 dev v0 valid_lft 950 preferred_lft 550");
	down_and_up(2);
}

static void routes(void **state)
{
	(void)state;
	must(PAIR "ip addr add 10.1.0.1/24 dev v0; ip route add default via 10.1.0.254;"
	     "ip route add 10.2.0.0/16 via 10.1.0.253 metric 5 src 10.1.0.1;"
	     "ip route add 10.2.0.0/16 via 10.1.0.252 metric 6 tos 8;"
	     "ip route append 10.2.0.0/16 via 10.1.0.251 metric 5;"
	     "ip route add 10.3.0.0/16 dev v1 proto static mtu lock 1300 advmss 1000;"
	     "ip route add blackhole 10.4.0.0/16;"
	     "ip route add 10.5.0.0/16 via 10.1.0.253 table 1000;"
	     "ip route add 10.6.0.0/16 nexthop via 10.1.0.253 weight 2 nexthop via 10.1.0.252;"
	     "ip route add 10.7.0.0/16 via 192.168.0.1 dev v1 onlink proto bird;"
	     "ip route add local 10.8.0.0/16 dev v0; ip route add multicast 232.0.0.0/8 dev v0;"
	     "ip route add 192.168.9.0/24 dev v1 proto kernel scope link metric 100");
	down_and_up(2);
}

/* Until an address has been checked, no route can have it as its source. */
static void routes_of_ipv6(void **state)
{
	(void)state;
	must(PAIR "ip addr add 2001:db8:1::1/64 dev v0; ip addr add 2001:db8:1::2/64 dev v1 nodad;"
	     "while ip addr | grep -q tentative; do sleep 0.1; done;"
	     "ip -6 route add default via fe80::1 dev v0 src 2001:db8:1::1;"
	     "ip -6 route add 2001:db8:2::/48 via 2001:db8:1::9 dev v0 expires 950;"
	     "ip -6 route add 2001:db8:3::/48 dev v1 metric 7 table 1000;"
	     "ip -6 route add 2001:db8:4::/48 nexthop via 2001:db8:1::9 dev v0 "
	     "nexthop via fe80::9 dev v1;"
	     "ip -6 route add unreachable 2001:db8:5::/48;"
	     "ip -6 route add 2001:db8:6::/48 dev v0 mtu 1400");
	down_and_up(2);
}

static void routers(const char *protocol, const char *forwarding, bool kernels)
{
	struct interfaces n = { 0 };
	char text[TEXT_SIZE];

	must(PAIR);
	snprintf(text, sizeof(text), "ip -6 route add default via fe80::1 dev v0 proto %s;"
		 "echo %s > /proc/sys/net/ipv6/conf/v0/forwarding", protocol, forwarding);
	must(text);
	assert_int_equal(interfaces_down(&n), 2);
	interfaces_up(&n);
	read_output("ip -6 route show default | wc -l", text);
	assert_int_equal(atoi(text), kernels ? 0 : 1);
}

/* What a router advertises, the kernel learns from it, and refuses to if it is there already. */
static void learned_by_the_kernel(void **state)
{
	(void)state;
	routers("ra", "0", true);
}

/* Here a daemon has learned it: the kernel of a router does not. */
static void learned_by_a_daemon(void **state)
{
	(void)state;
	routers("ra", "1", false);
}

/* A group of nexthops that is numbered below its members, one of which stays. */
static void nexthops(void **state)
{
	(void)state;
	must(PAIR "ip addr add 10.1.0.1/24 dev v0; ip nexthop add id 7 via 10.1.0.200 dev v0;"
	     "ip nexthop add id 8 via 10.1.0.201 dev v0 proto static; ip nexthop add id 10 dev lo;"
	     "ip nexthop add id 3 group 7/8,3; ip nexthop add id 4 group 10/7;"
	     "ip nexthop add id 9 via fe80::1 dev v1; ip route add 10.9.0.0/16 nhid 3;"
	     "ip route add 10.10.0.0/16 nhid 4; ip -6 route add 2001:db8:9::/48 nhid 9;"
	     "ip route add 10.11.0.0/16 nhid 7");
	down_and_up(2);
}

static void neighbours(void **state)
{
	(void)state;
	must(PAIR "ip addr add 10.1.0.1/24 dev v0;"
	     "ip neigh add 10.1.0.254 lladdr 02:00:00:00:00:01 dev v0;"
	     "ip neigh add fe80::1 lladdr 02:00:00:00:00:02 dev v1 nud permanent router;"
	     "ip neigh add proxy 10.1.0.7 dev v0; ip neigh add proxy 2001:db8:1::7 dev v1");
	down_and_up(2);
}

static void flags(void **state)
{
	(void)state;
	must(PAIR "ip link add v2 type veth peer name v3;"
	     "ip link set v0 promisc on allmulticast on;"
	     "ip link set v1 arp off multicast off; ip link set v2 promisc on");
	down_and_up(2);
}

static void nothing_is_up(void **state)
{
	(void)state;
	must("set -e; ip link add v2 type veth peer name v3");
	down_and_up(0);
}

static void bridge(void **state)
{
	(void)state;
	/* The bridge has the lower number: it was there first. */
	must("set -e; ip link add br0 type bridge stp_state 0;" PAIR
	     "ip link set v1 master br0; ip link set br0 up; ip addr add 10.1.0.1/24 dev br0;"
	     "ip addr add 2001:db8:1::1/64 dev br0;"
	     "ip route add default via 10.1.0.254; ip -6 route add default via 2001:db8:1::9");
	down_and_up(3);
}

static bool can_make(const char *type)
{
	char line[256];

	snprintf(line, sizeof(line), "ip link add probe type veth peer name probe1;"
		 "ip link add link probe name probe2 type %s 2> /dev/null ||"
		 "ip link add name probe2 type %s 2> /dev/null; code=$?;"
		 "ip link del probe2 2> /dev/null; ip link del probe; exit $code", type, type);
	return !system(line);
}

/* This kernel may lack them; the scenario "interfaces" does not. */
static void need(const char *type)
{
	if (can_make(type))
		return;
	print_message("this kernel makes no interface of type '%s'\n", type);
	skip();
}

static void macvlan(void **state)
{
	(void)state;
	need("macvlan");
	must(PAIR "ip link add link v0 name m0 type macvlan mode bridge; ip link set m0 up;"
	     "ip link add link v0 name m1 type macvlan; ip addr add 2001:db8:1::1/64 dev m0;"
	     "ip addr add 10.1.0.1/24 dev m0; ip route add default via 10.1.0.254");
	down_and_up(3);
}

/* Upon each other, numbered from the top, and one that is down. */
static void vlan(void **state)
{
	(void)state;
	need("vlan id 3");
	must("set -e; ip link add v0 index 50 type veth peer name v1; ip link set v0 up;"
	     "ip link set v1 up;"
	     "ip link add link v0 name w0 index 40 type vlan id 3; ip link set w0 up;"
	     "ip link add link w0 name x0 index 30 type vlan id 4; ip link set x0 up;"
	     "ip link add link v0 name y0 type vlan id 5; ip addr add 2001:db8:1::1/64 dev x0;"
	     "ip addr add 10.1.0.1/24 dev x0; ip route add default via 10.1.0.254");
	down_and_up(4);
}

static void bond(void **state)
{
	(void)state;
	need("bond");
	must("set -e; ip link add bond0 type bond mode active-backup miimon 100;"
	     "ip link add v0 type veth peer name v1;"
	     "ip link set v0 master bond0; ip link set v1 up; ip link set bond0 up;"
	     "ip addr add 10.1.0.1/24 dev bond0; ip route add default via 10.1.0.254; sleep 1");
	down_and_up(3);
}

static void interface_is_gone(void **state)
{
	struct interfaces n = { 0 };
	char said[TEXT_SIZE];

	(void)state;
	must(PAIR "ip link add v2 type veth peer name v3; ip link set v2 up;"
	     "ip link set v3 up; ip addr add 10.1.0.1/24 dev v2;"
	     "ip route add default via 10.1.0.254;"
	     "ip addr add 2001:db8:1::1/64 dev v2;"
	     "ip -6 route add 2001:db8:2::/48 via 2001:db8:1::9;"
	     "ip neigh add 10.1.0.254 lladdr 02:00:00:00:00:01 dev v2;"
	     "ip nexthop add id 7 via 10.1.0.200 dev v2; ip route add 10.9.0.0/16 nhid 7;");
	assert_int_equal(interfaces_down(&n), 4);
	must("set -e; ip link del v2");
	overhear(interfaces_up, &n, said);
	assert_non_null(strstr(said, "cannot bring interface v2 up: No such device"));
	assert_non_null(strstr(said, "cannot put address 2001:db8:1::1/64 of interface v2 back: "));
	assert_non_null(strstr(said, "cannot put route 0.0.0.0/0 via 10.1.0.254 dev v2 of table 254 "));
	assert_non_null(strstr(said, "cannot put route 2001:db8:2::/48 via 2001:db8:1::9 dev v2 "));
	assert_non_null(strstr(said, "cannot put neighbour 10.1.0.254 of interface v2 back: "));
	assert_non_null(strstr(said, "cannot put nexthop 7 back: "));
	assert_non_null(strstr(said, "cannot put route 10.9.0.0/16 of table 254 back: "));
	assert_null(strstr(said, "v0"));
	assert_int_equal(count_up(), 2);
}

static void down_without_socket(struct interfaces *n)
{
	struct rlimit before, none = { 0 };

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(interfaces_down(n), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void no_socket(void **state)
{
	struct interfaces n = { 0 };
	char said[TEXT_SIZE];

	(void)state;
	must(PAIR);
	overhear(down_without_socket, &n, said);
	assert_non_null(strstr(said, "cannot list network interfaces (Too many open files)"));
	assert_int_equal(count_up(), 2);
	interfaces_up(&n);
}

/* As many routes as fill several answers of the kernel. */
static void many_routes(void **state)
{
	(void)state;
	must(PAIR "ip addr add 10.1.0.1/24 dev v0; for i in $(seq 200); do for j in 1 2 3 4 5; do "
	     "echo route add 10.$i.$j.0/24 via 10.1.0.9; done; done | ip -batch -");
	down_and_up(2);
}

#define TEST(function)	cmocka_unit_test_setup(function, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(addresses),
		TEST(addresses_kept),
		TEST(routes),
		TEST(routes_of_ipv6),
		TEST(learned_by_the_kernel),
		TEST(learned_by_a_daemon),
		TEST(nexthops),
		TEST(neighbours),
		TEST(flags),
		TEST(nothing_is_up),
		TEST(bridge),
		TEST(macvlan),
		TEST(vlan),
		TEST(bond),
		TEST(interface_is_gone),
		TEST(no_socket),
		TEST(many_routes),
	};

	if (!become_root() || unshare(CLONE_NEWNET)) {
		fprintf(stderr, "no network namespace can be had here: %s\n", strerror(errno));
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
