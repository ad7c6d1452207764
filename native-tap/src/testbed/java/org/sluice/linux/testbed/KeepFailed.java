package org.sluice.linux.testbed;

import java.lang.reflect.Method;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

/**
 * Keeps the namespaces and daemons of a failed test, for somebody who wants to look around in them. The system property
 * {@code sluice.keep} asks for it, and {@code make it T=NAME KEEP=1} sets that; by default every test cleans up.
 * <p>
 * It leaves out the failed test's {@code @AfterEach} methods, which would close the hosts, and prints how to enter the
 * namespaces and how to remove them. The namespaces of a test that closes its hosts itself cannot be kept.
 */
final class KeepFailed implements InvocationInterceptor {
    @Override
    public void interceptAfterEachMethod(final Invocation<Void> invocation,
                                         final ReflectiveInvocationContext<Method> method,
                                         final ExtensionContext context) throws Throwable {
        if (Boolean.getBoolean("sluice.keep") && context.getExecutionException().isPresent()) {
            invocation.skip();
            tell(context.getDisplayName(), String.join(" ", TestNamespace.all()));
        } else {
            invocation.proceed();
        }
    }

    private static void tell(final String test, final String namespaces) {
        System.out.println(test + " failed, and its namespaces and daemons are kept: " + namespaces + "\n"
            + "  list their interfaces:   for n in " + namespaces + "; do echo $n; ip -n $n -br address; done\n"
            + "  enter one:               nsenter --net=/run/netns/NAME\n"
            + "  use the daemon in it:    SLUICE_RUN_DIR=FOLDER ./sluice status; its command line names the FOLDER:\n"
            + "                           ps -o args= -p $(ip netns pids NAME)\n"
            + "  remove all of them:      for n in " + namespaces
            + "; do ip netns pids $n | xargs -r kill -9; ip netns del $n; done");
    }
}
