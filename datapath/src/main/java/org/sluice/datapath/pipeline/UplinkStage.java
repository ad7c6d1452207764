package org.sluice.datapath.pipeline;

import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.FrameBatch;

/**
 * Takes the place of source guard and bridge for frames that an uplink brings: an uplink is no bridge port, and every
 * IP packet that the steering in front of it lets through is to be routed. Owned by the worker.
 */
final class UplinkStage {
    /**
     * @return how many frames do not go to a port yet, as {@link BridgeStage#process} does: here, all.
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
