/*
 * Answers HTTP requests, one a connection, and closes it: what a server costs at the least.
 *
 *   answers PORT
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char ANSWER[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

int main(int count, char **words) {
    if (count != 2) {
        fprintf(stderr, "usage: answers PORT\n");
        return 2;
    }
    int listener = socket(AF_INET6, SOCK_STREAM, 0), yes = 1, no = 0;
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = htons(atoi(words[1]))};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    if (bind(listener, (struct sockaddr *) &at, sizeof at) || listen(listener, 4096)) {
        perror("answers");
        return 1;
    }
    char request[4096];
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0) continue;
        if (read(client, request, sizeof request) > 0 && write(client, ANSWER, strlen(ANSWER)) < 0) perror("write");
        close(client);
    }
}
