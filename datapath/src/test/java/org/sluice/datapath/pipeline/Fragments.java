package org.sluice.datapath.pipeline;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import org.sluice.datapath.Frames;
import org.sluice.datapath.Packets;

/** Cuts IP packets of both families into fragments. */
final class Fragments {
    private Fragments() {
    }

    /** The part of a packet's payload from one offset, a multiple of eight, to another. */
    static byte[] of(final byte[] packet, final int identification, final int from, final int to) {
        final int header = Packets.l4Of(packet);
        final byte[] payload = Arrays.copyOfRange(packet, header, packet.length);
        final byte[] part = Arrays.copyOfRange(payload, from, Math.min(to, payload.length));
        final boolean last = to >= payload.length;
        if (packet[0] >>> 4 == 4) {
            final byte[] fragment = Frames.concat(Arrays.copyOf(packet, header), part);
            Frames.put16(fragment, 2, fragment.length);
            Frames.put16(fragment, 4, identification);
            Frames.put16(fragment, 6, from / 8 | (last ? 0 : 0x2000));
            return Packets.withHeaderChecksum(fragment);
        }
        final byte[] extension = Frames.hex(String.format("%02x00%04x%08x", packet[6], from | (last ? 0 : 1),
            identification));
        final byte[] fragment = Frames.concat(Arrays.copyOf(packet, header), extension, part);
        fragment[6] = 44;
        Frames.put16(fragment, 4, fragment.length - header);
        return fragment;
    }

    /** All of a packet in parts of so many bytes. */
    static List<byte[]> all(final byte[] packet, final int identification, final int size) {
        final List<byte[]> fragments = new ArrayList<>();
        for (int from = 0; from < packet.length - Packets.l4Of(packet); from += size) {
            fragments.add(of(packet, identification, from, from + size));
        }
        return fragments;
    }
}
