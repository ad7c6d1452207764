package org.sluice.datapath.pipeline;

import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.FrameBatch;

/**
 * Replaces source guard and bridge for frames from an uplink. An uplink is no bridge port: the switch routes every IP
 * packet that the steering in front of it lets through. Owned by the worker.
 */
final class UplinkStage {
    /**
     * @return how many frames have no egress port yet, as {@link BridgeStage#process} does: here, all.
     */
    int process(final FrameBatch batch) {
        for (int i = 0, size = batch.size(); i < size; i++) {
            if (batch.isDropped(i)) {
                continue;
            }
            if (batch.isIp(i)) {
                batch.egress(i, FrameBatch.EGRESS_GATEWAY);
            } else {
                batch.drop(i, DropReason.NOT_PUBLISHED);
            }
        }
        return batch.size();
    }
}
