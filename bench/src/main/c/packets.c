/*
 * Sends Ethernet frames of 60 bytes as fast as one thread can, or counts those that arrive.
 *
 *   packets send INTERFACE SOURCE-MAC DESTINATION-MAC SOURCE-IP DESTINATION-IP PORT SECONDS
 *       by a packet socket past the queue discipline, a burst with one call, for so long at most. A transmit ring
 *       (TPACKET_V2) was an eighth slower: veths and TAPs copy what lies in its pages once more (skb_copy_ubufs).
 *   packets receive PORT SECONDS
 *       a UDP socket whose filter takes nothing: a datagram has come the whole way once the filter sees it, and ends there at
 *       the least cost. Prints the datagrams a second from the first on; 0 when none comes within ten seconds.
 *
 * Of the frames 64 bytes are on a wire, with the check sequence. IPv4 and UDP, one flow, without a UDP checksum.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FRAME = 60, BURST = 64 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void check(int failed, const char *what) {
    if (failed) {
        perror(what);
        exit(1);
    }
}

static uint16_t checksum(const uint8_t *at, int bytes) {
    uint32_t sum = 0;
    for (int i = 0; i < bytes; i += 2) sum += at[i] << 8 | at[i + 1];
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return ~sum;
}

static void mac(uint8_t *at, const char *text) {
    check(sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", at, at + 1, at + 2, at + 3, at + 4, at + 5) != 6, text);
}

static void put16(uint8_t *at, int value) {
    at[0] = value >> 8;
    at[1] = value;
}

static void frame(uint8_t *at, char **words) {
    memset(at, 0, FRAME);
    mac(at, words[4]);
    mac(at + 6, words[3]);
    put16(at + 12, ETH_P_IP);
    uint8_t *ip = at + 14, *udp = ip + 20;
    ip[0] = 0x45;
    put16(ip + 2, FRAME - 14);
    ip[8] = 64;
    ip[9] = IPPROTO_UDP;
    check(inet_pton(AF_INET, words[5], ip + 12) != 1, words[5]);
    check(inet_pton(AF_INET, words[6], ip + 16) != 1, words[6]);
    put16(ip + 10, checksum(ip, 20));
    put16(udp, 40000);
    put16(udp + 2, atoi(words[7]));
    put16(udp + 4, FRAME - 14 - 20);
}

static int send_frames(char **words) {
    static uint8_t bytes[FRAME];
    static struct mmsghdr burst[BURST];
    double seconds = atof(words[8]);
    int s = socket(AF_PACKET, SOCK_RAW, 0), yes = 1;
    check(s < 0, "packet socket");
    check(setsockopt(s, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes), "PACKET_QDISC_BYPASS");
    struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = if_nametoindex(words[2])};
    check(bind(s, (struct sockaddr *) &at, sizeof at), words[2]);
    frame(bytes, words);
    struct iovec part = {bytes, FRAME};
    for (int i = 0; i < BURST; i++) {
        burst[i].msg_hdr.msg_iov = &part;
        burst[i].msg_hdr.msg_iovlen = 1;
    }
    double start = now();
    while (now() < start + seconds) {
        int n = sendmmsg(s, burst, BURST, 0);
        /* The device may be full. */
        if (n < 0) check(errno != EAGAIN && errno != ENOBUFS && errno != EINTR, "send");
    }
    return 0;
}

/* What the socket has refused so far: the last column of its line in the kernel's list. */
static long refused(int port) {
    char line[512];
    long drops = -1;
    FILE *list = fopen("/proc/self/net/udp", "r");
    check(!list, "/proc/self/net/udp");
    while (fgets(line, sizeof line, list)) {
        unsigned found;
        if (sscanf(line, " %*d: %*[0-9A-F]:%x", &found) != 1 || (int) found != port) continue;
        for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n")) drops = atol(word);
    }
    fclose(list);
    return drops;
}

static int receive(char **words) {
    int port = atoi(words[2]), s = socket(AF_INET, SOCK_DGRAM, 0);
    double seconds = atof(words[3]);
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog filter = {1, &nothing};
    check(setsockopt(s, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter), "SO_ATTACH_FILTER");
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    check(bind(s, (struct sockaddr *) &at, sizeof at), "bind");
    double limit = now() + 10;
    while (refused(port) <= 0) {
        if (now() > limit) {
            printf("0\n");
            return 0;
        }
        usleep(10000);
    }
    /* The first ones meet what is not warm yet. */
    usleep(200000);
    double start = now();
    long first = refused(port);
    usleep(seconds * 1e6);
    long last = refused(port);
    printf("%.0f\n", (last - first) / (now() - start));
    return 0;
}

int main(int count, char **words) {
    if (count == 9 && !strcmp(words[1], "send")) return send_frames(words);
    if (count == 4 && !strcmp(words[1], "receive")) return receive(words);
    fprintf(stderr, "usage: see the head of packets.c\n");
    return 2;
}
