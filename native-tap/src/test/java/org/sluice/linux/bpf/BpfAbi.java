package org.sluice.linux.bpf;

import java.util.LinkedHashMap;
import java.util.Map;

/** What the bpf classes assume of the kernel's headers, as C expressions. TCX is younger than Debian 12's headers. */
public final class BpfAbi {
    private BpfAbi() {
    }

    public static Map<String, Long> assumed() {
        final Map<String, Long> assumed = new LinkedHashMap<>();
        assumed.put("BPF_MAP_CREATE", (long) Bpf.MAP_CREATE);
        assumed.put("BPF_MAP_UPDATE_ELEM", (long) Bpf.MAP_UPDATE);
        assumed.put("BPF_MAP_DELETE_ELEM", (long) Bpf.MAP_DELETE);
        assumed.put("BPF_PROG_LOAD", (long) Bpf.PROG_LOAD);
        assumed.put("BPF_LINK_CREATE", (long) Bpf.LINK_CREATE);
        assumed.put("BPF_MAP_TYPE_HASH", (long) BpfMap.HASH);
        assumed.put("BPF_MAP_TYPE_ARRAY", (long) BpfMap.ARRAY);
        assumed.put("BPF_MAP_TYPE_LRU_HASH", (long) BpfMap.LRU_HASH);
        assumed.put("BPF_FUNC_map_delete_elem", (long) BpfAssembler.CALL_MAP_DELETE);
        assumed.put("BPF_FUNC_map_update_elem", (long) BpfAssembler.CALL_MAP_UPDATE);
        assumed.put("BPF_FUNC_ktime_get_ns", (long) BpfAssembler.CALL_KTIME_GET_NS);
        assumed.put("BPF_FUNC_sk_lookup_udp", (long) BpfAssembler.CALL_SK_LOOKUP_UDP);
        assumed.put("BPF_FUNC_skc_lookup_tcp", (long) BpfAssembler.CALL_SKC_LOOKUP_TCP);
        assumed.put("BPF_TCP_LISTEN", (long) SteeringProgram.LISTEN);
        assumed.put("offsetof(struct bpf_sock, state)", (long) SteeringProgram.SOCKET_STATE);
        assumed.put("offsetof(struct bpf_sock, dst_port)", (long) SteeringProgram.SOCKET_DESTINATION_PORT);
        assumed.put("sizeof(((struct bpf_sock_tuple *)0)->ipv4)", (long) SteeringProgram.TUPLE_BYTES_IPV4);
        assumed.put("sizeof(((struct bpf_sock_tuple *)0)->ipv6)", (long) SteeringProgram.TUPLE_BYTES_IPV6);
        assumed.put("BPF_MAP_TYPE_LPM_TRIE", (long) BpfMap.LPM_TRIE);
        assumed.put("BPF_MAP_TYPE_SOCKMAP", (long) BpfMap.SOCKMAP);
        assumed.put("BPF_F_NO_PREALLOC", (long) BpfMap.NO_PREALLOC);
        assumed.put("BPF_F_MMAPABLE", (long) BpfMap.MMAPABLE);
        assumed.put("BPF_PROG_TYPE_SOCKET_FILTER", (long) BpfProgram.SOCKET_FILTER);
        assumed.put("BPF_PROG_TYPE_SCHED_CLS", (long) BpfProgram.SCHED_CLS);
        assumed.put("BPF_PROG_TYPE_SK_LOOKUP", (long) BpfProgram.SK_LOOKUP);
        assumed.put("BPF_SK_LOOKUP", (long) BpfProgram.ATTACH_SK_LOOKUP);
        assumed.put("BPF_FUNC_map_lookup_elem", (long) BpfAssembler.CALL_MAP_LOOKUP);
        assumed.put("BPF_FUNC_skb_load_bytes", (long) BpfAssembler.CALL_SKB_LOAD_BYTES);
        assumed.put("BPF_FUNC_sk_release", (long) BpfAssembler.CALL_SK_RELEASE);
        assumed.put("BPF_FUNC_sk_assign", (long) BpfAssembler.CALL_SK_ASSIGN);
        assumed.put("BPF_PSEUDO_MAP_FD", 1L);
        assumed.put("SYS_bpf", Bpf.NUMBER);
        assumed.put("offsetof(union bpf_attr, map_flags)", 16L);
        assumed.put("offsetof(union bpf_attr, value)", 16L);
        assumed.put("offsetof(union bpf_attr, license)", 16L);
        assumed.put("offsetof(union bpf_attr, log_buf)", 32L);
        assumed.put("offsetof(union bpf_attr, expected_attach_type)", 68L);
        assumed.put("offsetof(union bpf_attr, link_create.attach_type)", 8L);
        assumed.put("BPF_FUNC_redirect_neigh", 152L);
        assumed.put("TC_ACT_SHOT", 2L);
        assumed.put("PACKET_HOST", 0L);
        assumed.put("offsetof(struct __sk_buff, len)", 0L);
        assumed.put("offsetof(struct __sk_buff, pkt_type)", 4L);
        assumed.put("offsetof(struct __sk_buff, protocol)", 16L);
        assumed.put("offsetof(struct __sk_buff, vlan_present)", 20L);
        return assumed;
    }
}
