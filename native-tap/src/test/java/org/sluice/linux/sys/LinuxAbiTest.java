package org.sluice.linux.sys;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import org.sluice.linux.bpf.BpfAbi;
import org.sluice.linux.device.DeviceAbi;
import org.sluice.linux.netlink.NetlinkAbi;
import org.sluice.linux.socket.SocketAbi;
import org.sluice.linux.testbed.TestNamespace;

/** Asks the C compiler and the kernel's headers for every constant and offset that the bindings assume. */
class LinuxAbiTest {
    private static final String HEADERS = """
        #define _GNU_SOURCE
        #include <stddef.h>
        #include <stdio.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <sched.h>
        #include <sys/epoll.h>
        #include <sys/eventfd.h>
        #include <sys/ioctl.h>
        #include <sys/socket.h>
        #include <linux/if.h>
        #include <linux/if_tun.h>
        #include <linux/virtio_net.h>
        #include <linux/netlink.h>
        #include <linux/rtnetlink.h>
        #include <linux/neighbour.h>
        #include <linux/pkt_sched.h>
        #include <linux/pkt_cls.h>
        #include <linux/if_packet.h>
        #include <linux/if_ether.h>
        #include <linux/bpf.h>
        #include <sys/syscall.h>
        #include <sys/socket.h>
        #include <linux/filter.h>
        #include <netinet/in.h>
        #include <netinet/udp.h>
        """;

    @TempDir
    private Path folder;

    @Test
    void shouldAgreeWithTheHeaders() throws Exception {
        final Map<String, Long> assumed = new LinkedHashMap<>();
        assumed.put("O_RDWR", (long) Linux.O_RDWR);
        assumed.put("O_NONBLOCK", (long) Linux.O_NONBLOCK);
        assumed.put("O_CLOEXEC", (long) Linux.O_CLOEXEC);
        assumed.put("EPOLL_CLOEXEC", (long) Linux.O_CLOEXEC);
        assumed.put("EFD_NONBLOCK | EFD_CLOEXEC", (long) (Linux.O_NONBLOCK | Linux.O_CLOEXEC));
        assumed.put("EINTR", (long) Linux.EINTR);
        assumed.put("EIO", (long) Linux.EIO);
        assumed.put("EAGAIN", (long) Linux.EAGAIN);
        assumed.put("ENODEV", (long) Linux.ENODEV);
        assumed.put("EBADFD", (long) Linux.EBADFD);
        assumed.put("CLONE_NEWNET", (long) NetNamespace.CLONE_NEWNET);
        assumed.put("EPOLL_CTL_ADD", (long) Epoll.EPOLL_CTL_ADD);
        assumed.put("EPOLL_CTL_DEL", (long) Epoll.EPOLL_CTL_DEL);
        assumed.put("EPOLLIN", (long) Epoll.EPOLLIN);
        assumed.put("sizeof(struct epoll_event)", (long) Epoll.EVENT_BYTES);
        assumed.put("offsetof(struct epoll_event, data)", (long) Epoll.EVENT_DATA_OFFSET);
        assumed.putAll(SocketAbi.assumed());
        assumed.putAll(DeviceAbi.assumed());
        assumed.putAll(BpfAbi.assumed());
        assumed.putAll(NetlinkAbi.assumed());
        assertEquals(assumed, askTheCompiler(assumed));
    }

    private Map<String, Long> askTheCompiler(final Map<String, Long> names) throws Exception {
        final StringBuilder program = new StringBuilder(HEADERS).append("int main(void) {\n");
        names.keySet().forEach(
            name -> program.append("printf(\"%lld\\n\", (long long) (").append(name).append("));\n"));
        program.append("return 0; }\n");
        final Path source = Files.writeString(folder.resolve("abi.c"), program);
        final Path binary = folder.resolve("abi");
        TestNamespace.run("cc", "-o", binary.toString(), source.toString());
        final String[] values = TestNamespace.run(binary.toString()).split("\n");
        final Map<String, Long> answer = new LinkedHashMap<>();
        int line = 0;
        for (final String name : names.keySet()) {
            answer.put(name, Long.parseLong(values[line++]));
        }
        return answer;
    }
}
