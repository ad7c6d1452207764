package org.sluice.control.engine;

/** Receives the FDB entries that {@link SwitchEngine#visitFdb} finds. */
@FunctionalInterface
public interface FdbVisitor {
    /**
     * @param ageSeconds since the MAC was last seen; of no meaning for a static entry.
     */
    void entry(long mac, int portIndex, boolean isStatic, int ageSeconds);
}
