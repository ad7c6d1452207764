package org.sluice.linux.testbed;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Marks a test that makes network namespaces and devices. Without root JUnit skips it, and says so. The tag "root" lets
 * {@code make unit} leave it out for everybody. {@link KeepFailed} can keep its namespaces when it fails.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Tag("root")
@ExtendWith(KeepFailed.class)
@EnabledIf(value = "org.sluice.linux.testbed.TestNamespace#isRoot",
    disabledReason = "needs root, to make network namespaces")
public @interface RequiresRoot {
}
