package org.sluice.linux.netlink;

import java.util.LinkedHashMap;
import java.util.Map;

import org.sluice.linux.sys.Sockets;

/** What the netlink classes assume of the kernel's headers, as C expressions and values. */
public final class NetlinkAbi {
    private NetlinkAbi() {
    }

    public static Map<String, Long> assumed() {
        final Map<String, Long> assumed = new LinkedHashMap<>();
        assumed.put("AF_NETLINK", (long) NetlinkSocket.AF_NETLINK);
        assumed.put("SOCK_RAW | SOCK_CLOEXEC", (long) NetlinkSocket.SOCK_RAW_CLOEXEC);
        assumed.put("NETLINK_ROUTE", (long) NetlinkSocket.NETLINK_ROUTE);
        assumed.put("SOL_NETLINK", (long) NetlinkSocket.SOL_NETLINK);
        assumed.put("NETLINK_EXT_ACK", (long) NetlinkSocket.NETLINK_EXT_ACK);
        assumed.put("NETLINK_CAP_ACK", (long) NetlinkSocket.NETLINK_CAP_ACK);
        assumed.put("NLMSG_ERROR", (long) NetlinkSocket.NLMSG_ERROR);
        assumed.put("NLMSG_DONE", (long) NetlinkSocket.NLMSG_DONE);
        assumed.put("NLM_F_REQUEST", (long) NetlinkSocket.NLM_F_REQUEST);
        assumed.put("NLM_F_ACK", (long) NetlinkSocket.NLM_F_ACK);
        assumed.put("NLM_F_DUMP", (long) NetlinkSocket.NLM_F_DUMP);
        assumed.put("NLM_F_REPLACE", (long) NetlinkSocket.NLM_F_REPLACE);
        assumed.put("NLM_F_EXCL", (long) NetlinkSocket.NLM_F_EXCL);
        assumed.put("NLM_F_CREATE", (long) NetlinkSocket.NLM_F_CREATE);
        assumed.put("NLM_F_ACK_TLVS", (long) NetlinkSocket.NLM_F_ACK_TLVS);
        assumed.put("NLMSGERR_ATTR_MSG", (long) NetlinkSocket.NLMSGERR_ATTR_MSG);
        assumed.put("sizeof(struct nlmsghdr)", (long) NetlinkMessage.HEADER_BYTES);
        assumed.put("offsetof(struct nlmsghdr, nlmsg_type)", (long) NetlinkMessage.TYPE_FIELD_OFFSET);
        assumed.put("offsetof(struct nlmsghdr, nlmsg_flags)", (long) NetlinkMessage.FLAGS_FIELD_OFFSET);
        assumed.put("offsetof(struct nlmsghdr, nlmsg_seq)", (long) NetlinkMessage.SEQUENCE_FIELD_OFFSET);
        assumed.put("sizeof(struct nlattr)", (long) NetlinkMessage.ATTRIBUTE_HEADER_BYTES);
        links(assumed);
        addresses(assumed);
        routes(assumed);
        neighbours(assumed);
        return assumed;
    }

    private static void links(final Map<String, Long> assumed) {
        assumed.put("RTM_NEWLINK", (long) RouteNetlink.RTM_NEWLINK);
        assumed.put("RTM_DELLINK", (long) RouteNetlink.RTM_DELLINK);
        assumed.put("RTM_GETLINK", (long) RouteNetlink.RTM_GETLINK);
        assumed.put("sizeof(struct ifinfomsg)", (long) RouteNetlink.IFINFOMSG_BYTES);
        assumed.put("offsetof(struct ifinfomsg, ifi_index)", (long) RouteNetlink.IFINFO_INDEX_OFFSET);
        assumed.put("offsetof(struct ifinfomsg, ifi_flags)", (long) RouteNetlink.IFINFO_FLAGS_OFFSET);
        assumed.put("offsetof(struct ifinfomsg, ifi_change)", (long) RouteNetlink.IFINFO_CHANGE_OFFSET);
        assumed.put("IFF_UP", (long) RouteNetlink.IFF_UP);
        assumed.put("IFLA_ADDRESS", (long) RouteNetlink.IFLA_ADDRESS);
        assumed.put("IFLA_IFNAME", (long) RouteNetlink.IFLA_IFNAME);
        assumed.put("IFLA_MTU", (long) RouteNetlink.IFLA_MTU);
        assumed.put("IFLA_TXQLEN", (long) RouteNetlink.IFLA_TXQLEN);
        assumed.put("IFLA_NET_NS_FD", (long) RouteNetlink.IFLA_NET_NS_FD);
    }

    private static void addresses(final Map<String, Long> assumed) {
        assumed.put("RTM_NEWADDR", (long) RouteNetlink.RTM_NEWADDR);
        assumed.put("RTM_GETADDR", (long) RouteNetlink.RTM_GETADDR);
        assumed.put("sizeof(struct ifaddrmsg)", (long) RouteNetlink.IFADDRMSG_BYTES);
        assumed.put("offsetof(struct ifaddrmsg, ifa_prefixlen)", (long) RouteNetlink.IFA_PREFIX_LENGTH_OFFSET);
        assumed.put("offsetof(struct ifaddrmsg, ifa_flags)", (long) RouteNetlink.IFA_FLAGS_OFFSET);
        assumed.put("RTM_NEWQDISC", (long) TrafficControl.RTM_NEWQDISC);
        assumed.put("RTM_DELQDISC", (long) TrafficControl.RTM_DELQDISC);
        assumed.put("RTM_NEWTFILTER", (long) TrafficControl.RTM_NEWTFILTER);
        assumed.put("RTM_DELTFILTER", (long) TrafficControl.RTM_DELTFILTER);
        assumed.put("RTM_GETTFILTER", (long) TrafficControl.RTM_GETTFILTER);
        assumed.put("sizeof(struct tcmsg)", (long) TrafficControl.TCMSG_BYTES);
        assumed.put("offsetof(struct tcmsg, tcm_ifindex)", (long) TrafficControl.TCM_INDEX_OFFSET);
        assumed.put("offsetof(struct tcmsg, tcm_handle)", (long) TrafficControl.TCM_HANDLE_OFFSET);
        assumed.put("offsetof(struct tcmsg, tcm_parent)", (long) TrafficControl.TCM_PARENT_OFFSET);
        assumed.put("offsetof(struct tcmsg, tcm_info)", (long) TrafficControl.TCM_INFO_OFFSET);
        assumed.put("TCA_KIND", (long) TrafficControl.TCA_KIND);
        assumed.put("TCA_OPTIONS", (long) TrafficControl.TCA_OPTIONS);
        assumed.put("TCA_BPF_FD", (long) TrafficControl.TCA_BPF_FD);
        assumed.put("TCA_BPF_NAME", (long) TrafficControl.TCA_BPF_NAME);
        assumed.put("TCA_BPF_FLAGS", (long) TrafficControl.TCA_BPF_FLAGS);
        assumed.put("TCA_BPF_ID", (long) TrafficControl.TCA_BPF_ID);
        assumed.put("TCA_CHAIN", (long) TrafficControl.TCA_CHAIN);
        assumed.put("RTMGRP_TC", (long) RouteMonitor.RTMGRP_TC);
        assumed.put("TCA_BPF_FLAG_ACT_DIRECT", (long) TrafficControl.TCA_BPF_FLAG_ACT_DIRECT);
        assumed.put("(int) TC_H_CLSACT", (long) TrafficControl.CLSACT);
        assumed.put("(int) TC_H_MAKE(TC_H_CLSACT, 0)", (long) TrafficControl.CLSACT_HANDLE);
        assumed.put("(int) TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)", (long) TrafficControl.INGRESS);
        assumed.put("(int) TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)", (long) TrafficControl.EGRESS);
        assumed.put("IFA_FLAGS", (long) RouteNetlink.IFA_FLAGS);
        assumed.put("IFA_F_SECONDARY", (long) InterfaceAddress.SECONDARY);
        assumed.put("IFA_F_DADFAILED", (long) InterfaceAddress.DAD_FAILED);
        assumed.put("IFA_F_DEPRECATED", (long) InterfaceAddress.DEPRECATED);
        assumed.put("IFA_F_TENTATIVE", (long) InterfaceAddress.TENTATIVE);
        assumed.put("NLM_F_DUMP_INTR", (long) NetlinkSocket.NLM_F_DUMP_INTR);
        assumed.put("offsetof(struct ifaddrmsg, ifa_index)", (long) RouteNetlink.IFA_INDEX_OFFSET);
        assumed.put("IFA_ADDRESS", (long) RouteNetlink.IFA_ADDRESS);
        assumed.put("IFA_LOCAL", (long) RouteNetlink.IFA_LOCAL);
        assumed.put("IFA_BROADCAST", (long) RouteNetlink.IFA_BROADCAST);
        assumed.put("IFA_F_NODAD", (long) RouteNetlink.IFA_F_NODAD);
        assumed.put("AF_INET", (long) Sockets.AF_INET);
        assumed.put("AF_INET6", (long) Sockets.AF_INET6);
    }

    private static void routes(final Map<String, Long> assumed) {
        assumed.put("RTM_NEWROUTE", (long) RouteNetlink.RTM_NEWROUTE);
        assumed.put("RTM_GETROUTE", (long) RouteNetlink.RTM_GETROUTE);
        assumed.put("sizeof(struct rtmsg)", (long) RouteMessage.RTMSG_BYTES);
        assumed.put("offsetof(struct rtmsg, rtm_dst_len)", (long) RouteMessage.RTM_DESTINATION_LENGTH_OFFSET);
        assumed.put("offsetof(struct rtmsg, rtm_table)", (long) RouteMessage.RTM_TABLE_OFFSET);
        assumed.put("offsetof(struct rtmsg, rtm_protocol)", (long) RouteMessage.RTM_PROTOCOL_OFFSET);
        assumed.put("offsetof(struct rtmsg, rtm_type)", (long) RouteMessage.RTM_TYPE_OFFSET);
        assumed.put("RTA_DST", (long) RouteMessage.RTA_DST);
        assumed.put("RTA_OIF", (long) RouteMessage.RTA_OIF);
        assumed.put("RTA_GATEWAY", (long) RouteMessage.RTA_GATEWAY);
        assumed.put("RTA_MULTIPATH", (long) RouteMessage.RTA_MULTIPATH);
        assumed.put("RTA_TABLE", (long) RouteMessage.RTA_TABLE);
        assumed.put("RTA_VIA", (long) RouteMessage.RTA_VIA);
        assumed.put("RTA_PRIORITY", (long) RouteMessage.RTA_PRIORITY);
        assumed.put("RTA_PREFSRC", (long) RouteMessage.RTA_PREFSRC);
        assumed.put("NTF_USE", (long) RouteNetlink.NTF_USE);
        assumed.put("offsetof(struct ndmsg, ndm_flags)", (long) RouteNetlink.NDM_FLAGS_OFFSET);
        assumed.put("sizeof(struct rtnexthop)", (long) RouteMessage.RTNEXTHOP_BYTES);
        assumed.put("offsetof(struct rtnexthop, rtnh_ifindex)", (long) RouteMessage.RTNH_INDEX_OFFSET);
        assumed.put("RTMGRP_LINK", (long) RouteMonitor.RTMGRP_LINK);
        assumed.put("RTMGRP_NEIGH", (long) RouteMonitor.RTMGRP_NEIGH);
        assumed.put("RTMGRP_IPV4_IFADDR", (long) RouteMonitor.RTMGRP_IPV4_IFADDR);
        assumed.put("RTMGRP_IPV4_ROUTE", (long) RouteMonitor.RTMGRP_IPV4_ROUTE);
        assumed.put("RTMGRP_IPV6_IFADDR", (long) RouteMonitor.RTMGRP_IPV6_IFADDR);
        assumed.put("RTMGRP_IPV6_ROUTE", (long) RouteMonitor.RTMGRP_IPV6_ROUTE);
        assumed.put("RTA_SRC", (long) RouteMessage.RTA_SRC);
        assumed.put("RTA_METRICS", (long) RouteMessage.RTA_METRICS);
        assumed.put("RTA_PREF", (long) RouteMessage.RTA_PREF);
        assumed.put("RTA_ENCAP", (long) RouteMessage.RTA_ENCAP);
        assumed.put("RTAX_LOCK", (long) RouteMessage.RTAX_LOCK);
        assumed.put("RTAX_MTU", (long) RouteMessage.RTAX_MTU);
        assumed.put("RTNH_F_DEAD", (long) RouteMessage.RTNH_F_DEAD);
        assumed.put("offsetof(struct rtmsg, rtm_src_len)", (long) RouteMessage.RTM_SOURCE_LENGTH_OFFSET);
        assumed.put("offsetof(struct rtmsg, rtm_tos)", (long) RouteMessage.RTM_TOS_OFFSET);
        assumed.put("offsetof(struct rtmsg, rtm_flags)", (long) RouteMessage.RTM_FLAGS_OFFSET);
        assumed.put("offsetof(struct rtnexthop, rtnh_flags)", (long) RouteMessage.RTNH_FLAGS_OFFSET);
        assumed.put("offsetof(struct rtnexthop, rtnh_hops)", (long) RouteMessage.RTNH_HOPS_OFFSET);
        assumed.put("RTMGRP_IPV4_RULE", (long) RouteMonitor.RTMGRP_IPV4_RULE);
        assumed.put("RTNLGRP_IPV6_RULE", (long) RouteMonitor.RTNLGRP_IPV6_RULE);
        assumed.put("RTNLGRP_NEXTHOP", (long) RouteMonitor.RTNLGRP_NEXTHOP);
        assumed.put("RTM_GETRULE", (long) RouteNetlink.RTM_GETRULE);
        assumed.put("IFLA_GROUP", (long) RouteNetlink.IFLA_GROUP);
        assumed.put("offsetof(struct ifaddrmsg, ifa_scope)", (long) RouteNetlink.IFA_SCOPE_OFFSET);
        assumed.put("RTN_BLACKHOLE", (long) KernelRoute.BLACKHOLE);
        assumed.put("RTN_UNREACHABLE", (long) KernelRoute.UNREACHABLE);
        assumed.put("RTN_PROHIBIT", (long) KernelRoute.PROHIBIT);
        assumed.put("RTN_THROW", (long) KernelRoute.THROW);
        assumed.put("RT_TABLE_MAIN", (long) RouteNetlink.RT_TABLE_MAIN);
        assumed.put("RTPROT_BOOT", (long) RouteNetlink.RTPROT_BOOT);
        assumed.put("RTN_LOCAL", (long) KernelRoute.LOCAL);
        assumed.put("RTN_UNICAST", (long) KernelRoute.UNICAST);
    }

    private static void neighbours(final Map<String, Long> assumed) {
        assumed.put("RTM_NEWNEIGH", (long) RouteNetlink.RTM_NEWNEIGH);
        assumed.put("RTM_DELNEIGH", (long) RouteNetlink.RTM_DELNEIGH);
        assumed.put("RTM_GETNEIGH", (long) RouteNetlink.RTM_GETNEIGH);
        assumed.put("sizeof(struct ndmsg)", (long) RouteNetlink.NDMSG_BYTES);
        assumed.put("offsetof(struct ndmsg, ndm_ifindex)", (long) RouteNetlink.NDM_INDEX_OFFSET);
        assumed.put("offsetof(struct ndmsg, ndm_state)", (long) RouteNetlink.NDM_STATE_OFFSET);
        assumed.put("NDA_DST", (long) RouteNetlink.NDA_DST);
        assumed.put("NDA_LLADDR", (long) RouteNetlink.NDA_LLADDR);
        assumed.put("NUD_PERMANENT", (long) KernelNeighbour.PERMANENT);
    }
}
