package org.sluice.linux.netlink;

import java.util.List;

import org.sluice.linux.sys.NativeException;

/**
 * Manages traffic control's filters at an interface's ingress (tc-bpf(8); Linux net/sched/sch_ingress.c,
 * {@code clsact}), in the network namespace of the calling thread. Used by one thread.
 */
public final class TrafficControl implements AutoCloseable {
    static final int RTM_NEWQDISC = 36;
    static final int RTM_DELQDISC = 37;
    static final int RTM_NEWTFILTER = 44;
    static final int RTM_DELTFILTER = 45;
    static final int RTM_GETTFILTER = 46;
    static final int TCMSG_BYTES = 20;
    static final int TCM_INDEX_OFFSET = 4;
    static final int TCM_HANDLE_OFFSET = 8;
    static final int TCM_PARENT_OFFSET = 12;
    static final int TCM_INFO_OFFSET = 16;
    static final int TCA_KIND = 1;
    static final int TCA_OPTIONS = 2;
    static final int TCA_BPF_FD = 6;
    static final int TCA_BPF_NAME = 7;
    static final int TCA_BPF_FLAGS = 8;
    static final int TCA_BPF_ID = 11;
    static final int TCA_BPF_FLAG_ACT_DIRECT = 1;
    static final int TCA_CHAIN = 11;
    static final int ROOT = 0xFFFF_FFFF;
    static final int CLSACT = 0xFFFF_FFF1;
    static final int CLSACT_HANDLE = 0xFFFF_0000;
    static final int INGRESS = 0xFFFF_FFF2;
    static final int EGRESS = 0xFFFF_FFF3;

    private static final int CHANGE = NetlinkSocket.NLM_F_REQUEST | NetlinkSocket.NLM_F_ACK;
    private static final int LIST = NetlinkSocket.NLM_F_REQUEST | NetlinkSocket.NLM_F_DUMP;
    private static final int EEXIST = 17;
    private static final int ENOENT = 2;
    private static final int EINVAL = 22;
    private static final int ENODEV = 19;
    /** Comes before all filters without a priority. */
    private static final int PRIORITY = 1;
    private static final int ALL_PROTOCOLS_IN_NETWORK_ORDER = 0x0300;
    /** Handle of the first owner's filter; the other owners' follow. */
    private static final int FIRST_HANDLE = 0x51;

    private final NetlinkSocket socket = new NetlinkSocket();

    /** A filter at our priority. An entry without a handle stands for all filters of its kind there. */
    private record Filter(int handle, int protocol, String kind, String name, int programId) {
        boolean isForUs() {
            return "bpf".equals(kind) && protocol == ALL_PROTOCOLS_IN_NETWORK_ORDER;
        }
    }

    /**
     * Adds the queueing discipline that filters need to an interface.
     *
     * @return false when it has it already.
     * @throws NativeException when the kernel refuses.
     */
    public boolean addClsact(final int linkIndex) {
        begin(RTM_NEWQDISC, CHANGE | NetlinkSocket.NLM_F_CREATE | NetlinkSocket.NLM_F_EXCL, linkIndex, CLSACT)
            .familyInt(TCM_HANDLE_OFFSET, CLSACT_HANDLE).attribute(TCA_KIND, "clsact");
        return unless(EEXIST, "add clsact to interface " + linkIndex);
    }

    /**
     * Makes an interface send at once, without a queueing discipline. The interface has a queue of its own, and drops
     * packets when it is full.
     *
     * @throws NativeException when the kernel refuses.
     */
    public void removeQueue(final int linkIndex) {
        begin(RTM_NEWQDISC, CHANGE | NetlinkSocket.NLM_F_CREATE | NetlinkSocket.NLM_F_REPLACE, linkIndex, ROOT)
            .attribute(TCA_KIND, "noqueue");
        socket.execute("remove the queue of interface " + linkIndex);
    }

    /**
     * Attaches an eBPF program. It replaces one of the same name, which an earlier process left; another program's
     * filter stays.
     *
     * @param owner     number of the filter's owner, from 0.
     * @param programFd of type SCHED_CLS; its result is the action.
     * @param name      of the filter, by which a later process knows it for ours.
     * @return the kernel's number of the program at the interface.
     * @throws NativeException       when the kernel refuses.
     * @throws IllegalStateException when another program's filter has the place.
     */
    public int putIngressFilter(final int linkIndex, final int owner, final int programFd, final String name) {
        filtersAtOurPriority(linkIndex).stream()
            .filter(filter -> !filter.isForUs()
                || filter.handle() == FIRST_HANDLE + owner && !filter.name().equals(name))
            .findFirst().ifPresent(TrafficControl::refuse);
        // Without NLM_F_EXCL the kernel replaces the existing filter in one step (tc_new_tfilter in
        // net/sched/cls_api.c).
        final NetlinkMessage request =
            begin(RTM_NEWTFILTER, CHANGE | NetlinkSocket.NLM_F_CREATE, linkIndex, INGRESS);
        request.familyInt(TCM_HANDLE_OFFSET, FIRST_HANDLE + owner)
            .familyInt(TCM_INFO_OFFSET, PRIORITY << 16 | ALL_PROTOCOLS_IN_NETWORK_ORDER)
            .attribute(TCA_KIND, "bpf");
        final int options = request.beginNested(TCA_OPTIONS);
        request.attribute(TCA_BPF_FD, programFd).attribute(TCA_BPF_NAME, name)
            .attribute(TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT).endNested(options);
        socket.execute("add an ingress filter to interface " + linkIndex);
        return ingressProgram(linkIndex, owner);
    }

    private static void refuse(final Filter other) {
        throw new IllegalStateException("another program's filter (" + (other.kind().isEmpty() ? "of no kind"
            : "kind " + other.kind()) + (other.name().isEmpty() ? "" : ", " + other.name()) + ") has priority "
            + PRIORITY + " at the interface's ingress, where the switch's must stand; remove it or give it another"
            + " priority (tc filter show dev NAME ingress)");
    }

    /** The kernel's number of the program that is attached in the owner's place, whoever put it there; 0 for none. */
    public int ingressProgram(final int linkIndex, final int owner) {
        return filtersAtOurPriority(linkIndex).stream()
            .filter(filter -> filter.isForUs() && filter.handle() == FIRST_HANDLE + owner)
            .mapToInt(Filter::programId).findFirst().orElse(0);
    }

    private List<Filter> filtersAtOurPriority(final int linkIndex) {
        begin(RTM_GETTFILTER, LIST, linkIndex, INGRESS);
        return socket.list("list filters of interface " + linkIndex, answer -> {
            final int info = answer.buffer().getInt(answer.body() + TCM_INFO_OFFSET);
            final NetlinkAttributes attributes = answer.attributes(TCMSG_BYTES);
            if (info >>> 16 != PRIORITY || attributes.integer(TCA_CHAIN, 0) != 0) {
                return null;
            }
            final NetlinkAttributes options = attributes.nested(TCA_OPTIONS);
            return new Filter(answer.buffer().getInt(answer.body() + TCM_HANDLE_OFFSET), info & 0xFFFF,
                attributes.string(TCA_KIND), options.string(TCA_BPF_NAME), options.integer(TCA_BPF_ID, 0));
        });
    }

    /** Removes the filter. A missing filter or interface is no error. */
    public void removeIngressFilter(final int linkIndex, final int owner) {
        begin(RTM_DELTFILTER, CHANGE, linkIndex, INGRESS).familyInt(TCM_HANDLE_OFFSET, FIRST_HANDLE + owner)
            .familyInt(TCM_INFO_OFFSET, PRIORITY << 16 | ALL_PROTOCOLS_IN_NETWORK_ORDER).attribute(TCA_KIND, "bpf");
        try {
            socket.execute("remove the ingress filter of interface " + linkIndex);
        } catch (final NetlinkException ex) {
            if (ex.errno() != ENOENT && ex.errno() != EINVAL && ex.errno() != ENODEV) {
                throw ex;
            }
        }
    }

    /** Removes the queueing discipline if no other owner's filter needs it. */
    public void removeClsactIfUnused(final int linkIndex) {
        if (filters(linkIndex, INGRESS) + filters(linkIndex, EGRESS) == 0) {
            begin(RTM_DELQDISC, CHANGE, linkIndex, CLSACT).familyInt(TCM_HANDLE_OFFSET, CLSACT_HANDLE);
            unless(ENODEV, "remove clsact from interface " + linkIndex);
        }
    }

    private int filters(final int linkIndex, final int parent) {
        begin(RTM_GETTFILTER, LIST, linkIndex, parent);
        return socket.list("list filters of interface " + linkIndex, answer -> answer).size();
    }

    private boolean unless(final int tolerated, final String operation) {
        try {
            socket.execute(operation);
            return true;
        } catch (final NetlinkException ex) {
            if (ex.errno() != tolerated) {
                throw ex;
            }
            return false;
        }
    }

    private NetlinkMessage begin(final int type, final int flags, final int linkIndex, final int parent) {
        return socket.request().begin(type, flags, TCMSG_BYTES).familyInt(TCM_INDEX_OFFSET, linkIndex)
            .familyInt(TCM_PARENT_OFFSET, parent);
    }

    @Override
    public void close() {
        socket.close();
    }
}
