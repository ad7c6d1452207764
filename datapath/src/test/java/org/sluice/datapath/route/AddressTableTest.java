package org.sluice.datapath.route;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;

import org.junit.jupiter.api.Test;

class AddressTableTest {
    @Test
    void shouldAgreeWithAMapOverManyChanges() {
        final Random random = new Random(5);
        final AddressTable<String> table = new AddressTable<>();
        final Map<Long, String> model = new HashMap<>();
        for (int step = 0; step < 200_000; step++) {
            final long low = random.nextInt(300);
            if (random.nextBoolean()) {
                table.put(low % 3, low, "v" + step);
                model.put(low, "v" + step);
            } else {
                table.remove(low % 3, low);
                model.remove(low);
            }
            final long asked = random.nextInt(300);
            assertEquals(model.get(asked), table.get(asked % 3, asked));
            assertEquals(model.size(), table.size());
        }
        table.clear();
        assertEquals(0, table.size());
        assertEquals(null, table.get(0, 0));
    }
}
