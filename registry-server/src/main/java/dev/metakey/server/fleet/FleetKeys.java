package dev.metakey.server.fleet;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Which key holds what; docs/formats.md lists them. */
record FleetKeys(String prefix) {
  static FleetKeys of(String fleet) {
    return new FleetKeys("/metakey/v1/" + fleet + "/");
  }

  String facts() {
    return prefix + "facts";
  }

  String names() {
    return prefix + "names/";
  }

  String name(String name) {
    return names() + name;
  }

  String id(int id) {
    return "%sids/%02d".formatted(prefix, id);
  }

  /** One key for each two bytes of a slot, so that slots which overlap have a key in common. */
  List<String> slot(int slot, int size) {
    List<String> keys = new ArrayList<>();
    for (int at = slot; slot > 0 && at > slot - size; at -= 2) {
      keys.add(String.format(Locale.ROOT, "%sslots/%03d", prefix, at));
    }
    return keys;
  }

  String hosts() {
    return prefix + "hosts/";
  }

  String host(String registryId) {
    return hosts() + registryId;
  }

  /** Who holds what. */
  String holds() {
    return prefix + "holds/";
  }

  /** Who holds a name. */
  String holds(String name) {
    return prefix + "holds/" + name + "/";
  }

  String hold(String name, String registryId) {
    return holds(name) + registryId;
  }
}
