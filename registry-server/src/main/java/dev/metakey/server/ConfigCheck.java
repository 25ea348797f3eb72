package dev.metakey.server;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.server.config.Config;
import dev.metakey.server.config.Read;
import dev.metakey.server.domain.Command;
import dev.metakey.server.domain.Decision;
import dev.metakey.server.domain.Now;
import dev.metakey.server.domain.Registry;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.domain.Reserve;
import dev.metakey.server.domain.Rules;
import dev.metakey.server.domain.Start;
import dev.metakey.server.fleet.FleetException;
import dev.metakey.server.storage.RecoveryFiles;
import dev.metakey.server.storage.StoreException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * {@code metakeyd --check}: what a daemon that starts with this config and these reservations would
 * report. Changes nothing, and may run beside a daemon: what is registered is read from the state
 * copy.
 */
final class ConfigCheck {
  private final Read<Config> config;
  private final Read<List<Reserve>> reservations;
  private final Rules rules;
  private final List<String> faults = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private RegistryState state;

  ConfigCheck(Read<Config> config, Read<List<Reserve>> reservations) {
    this.config = config;
    this.reservations = reservations;
    this.rules = new Rules(config.value().quarantineMs(), 0);
    this.state =
        RegistryState.empty(new UUID(0, 0), config.value().layout(), config.value().areaBytes());
  }

  /** What is wrong; empty if nothing is. */
  List<String> faults() {
    faults.addAll(config.faults());
    Config wanted = config.value();
    readRegistered(wanted.paths().data());
    wanted.fleet().ifPresent(fleet -> askFleet(fleet, wanted));
    MetakeyException obstacle =
        Start.obstacle(state.snapshot(), rules, wanted.layout(), wanted.areaBytes());
    if (obstacle != null) {
      faults.add(TakeOver.layoutProblem(wanted, state.snapshot().info(), obstacle));
    }
    new Reservations(this::run, state::snapshot, wanted.paths().keysDirectory(), faults::add)
        .apply(reservations);
    return faults;
  }

  private void askFleet(Config.Fleet fleet, Config wanted) {
    if (!config.faults().isEmpty()) {
      return;
    }
    try {
      String obstacle = FleetSide.obstacle(fleet, wanted);
      if (!obstacle.isEmpty()) {
        faults.add(obstacle);
      }
    } catch (FleetException e) {
      notes.add("not compared with the fleet: " + e.getMessage());
    }
  }

  private void readRegistered(Path data) {
    if (Files.isDirectory(data)) {
      try {
        state = RecoveryFiles.named(data).get(0).contents().state();
      } catch (StoreException e) {
        notes.add(
            "not compared with what is registered, as no state copy in %s can be read; run --check as the user that metakeyd runs as"
                .formatted(data));
      }
    }
  }

  /** What could not be checked; empty if everything was. */
  List<String> notes() {
    return notes;
  }

  private <R> R run(Command<R> command) {
    Peer admin = new Peer(0, 0, 0, "metakeyd").withPrivileges();
    Decision<R> decision = Registry.decide(state, rules, command, admin, new Now(0, 1));
    if (decision instanceof Decision.Accepted<R> accepted) {
      state = accepted.state();
      return accepted.result();
    }
    throw ((Decision.Rejected<R>) decision).refusal();
  }
}
