package org.sluice.linux.testbed;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import org.junit.jupiter.api.condition.EnabledIf;

/** The test makes network namespaces and devices. Without root it is skipped, by name. */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@EnabledIf(value = "org.sluice.linux.testbed.TestNamespace#isRoot", disabledReason = "needs root, to make network namespaces")
public @interface RequiresRoot {
}
