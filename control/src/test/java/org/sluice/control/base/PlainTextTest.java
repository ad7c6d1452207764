package org.sluice.control.base;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class PlainTextTest {
    @Test
    void shouldEscapeWhatSteersATerminal() {
        assertEquals("\\u001b]0;pwned\\u0007", PlainText.of("\033]0;pwned\007"));
        assertEquals("\\u009b2J\\u007f", PlainText.of("\u009b2J\u007f"));
    }

    @Test
    void shouldEscapeWhatEndsALineOrTurnsItsDirection() {
        assertEquals("a\\u000ab\\u000dc\\u2028d", PlainText.of("a\nb\rc\u2028d"));
        assertEquals("\\u202etxt.exe", PlainText.of("\u202etxt.exe"));
    }

    @Test
    void shouldLeaveLettersOfAnyLanguage() {
        assertEquals("caf\u00e9 \u65e5\u672c \ud83d\ude00", PlainText.of("caf\u00e9 \u65e5\u672c \ud83d\ude00"));
    }
}
