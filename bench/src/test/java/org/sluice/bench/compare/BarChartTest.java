package org.sluice.bench.compare;

import java.io.StringReader;

import javax.xml.parsers.DocumentBuilderFactory;

import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class BarChartTest {
    private static Document draw(final Results results) throws Exception {
        final String svg = BarChart.of(results, Figure.STREAM_1).orElseThrow();
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(svg)));
    }

    private static double height(final NodeList bars, final int number) {
        return Double.parseDouble(((Element) bars.item(number)).getAttribute("height"));
    }

    @Test
    void shouldDrawBarsAsHighAsTheirValuesAndNothingOutside() throws Exception {
        final Results results = new Results();
        results.add(new Results.Key(Contender.DOCKER0, TrafficPath.CONTAINER, Figure.STREAM_1), 10);
        results.add(new Results.Key(Contender.SLUICE_BUSY, TrafficPath.CONTAINER, Figure.STREAM_1), 5);
        final NodeList rectangles = draw(results).getElementsByTagName("rect");
        // The background, two of the legend, two bars.
        assertEquals(5, rectangles.getLength());
        assertEquals(2, height(rectangles, 3) / height(rectangles, 4), 0.01);
        for (int i = 1; i < rectangles.getLength(); i++) {
            final Element bar = (Element) rectangles.item(i);
            final double y = Double.parseDouble(bar.getAttribute("y"));
            assertTrue(y >= 0 && y + height(rectangles, i) <= 330, "a bar from " + y);
        }
    }

    @Test
    void shouldDrawNothingOfWhatWasNotMeasured() {
        assertTrue(BarChart.of(new Results(), Figure.PACKETS).isEmpty());
    }
}
