package dev.metakey.server;

import dev.metakey.server.log.Event;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;

/**
 * Does something when the process gets SIGHUP, of which it would die otherwise. The JDK has a class
 * for that in its module jdk.unsupported, and javac warns of its name whatever it is told; hence
 * the reflection.
 */
final class HangUp {

  private HangUp() {}

  /**
   * @param action is run on a thread of the JVM's, at each signal
   */
  static void handle(Runnable action) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object handling =
          Proxy.newProxyInstance(
              HangUp.class.getClassLoader(),
              new Class<?>[] {handler},
              (proxy, method, arguments) -> answer(proxy, method, arguments, action));
      Object former =
          signal
              .getMethod("handle", signal, handler)
              .invoke(null, signal.getConstructor(String.class).newInstance("HUP"), handling);
      if (former == handler.getField("SIG_IGN").get(null)) { // then the JVM leaves it so
        Event.SIGHUP_UNHEARD.say(
            "metakeyd was started with SIGHUP ignored, as by nohup, so it does not reload the config; 'metakey reload' does");
      }
    } catch (ReflectiveOperationException | IllegalArgumentException e) {
      Event.SIGHUP_UNHEARD.say(
          "SIGHUP does not reload the config, but 'metakey reload' does: " + e);
    }
  }

  private static Object answer(Object proxy, Method method, Object[] arguments, Runnable action) {
    return switch (method.getName()) {
      case "handle" -> {
        action.run();
        yield Void.TYPE;
      }
      case "equals" -> proxy == arguments[0];
      case "hashCode" -> System.identityHashCode(proxy);
      default -> "handler of SIGHUP";
    };
  }
}
