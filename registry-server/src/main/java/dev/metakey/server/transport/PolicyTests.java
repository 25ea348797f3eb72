package dev.metakey.server.transport;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.PolicyRule;
import dev.metakey.server.domain.Right;
import dev.metakey.server.domain.Rules;
import dev.metakey.v1.PassedRule;
import dev.metakey.v1.TestPolicyRequest;
import dev.metakey.v1.TestPolicyResponse;
import dev.metakey.wire.Wire;
import java.util.HashSet;
import java.util.List;

/** Tells which rule of the policy would decide about somebody. */
final class PolicyTests {
  private PolicyTests() {}

  /**
   * @throws MetakeyException INVALID_REQUEST, also for a unit that proves nothing
   */
  static TestPolicyResponse answer(
      TestPolicyRequest request, Rules rules, Launchers launchers, Snapshot snapshot) {
    if (launchers.contains(request.getUnit())) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "%s runs other people's processes, so being in it proves nothing, and they are known by uid and claim: ask about these ('launchers' in docs/operating.md)"
              .formatted(Names.quote(request.getUnit())));
    }
    String name = request.getName().isEmpty() ? "" : Names.check(request.getName());
    Peer peer = peer(request);
    PolicyRule rule = rules.policy().ruleFor(peer);
    int inAll = snapshot.info().slotBytes();
    TestPolicyResponse.Builder told =
        TestPolicyResponse.newBuilder()
            .setRegistry(Wire.info(snapshot.info()))
            .setRule(rule.toString())
            .setAbout(rule.match().toString())
            .setAllows(rule.allowedText())
            .setBornAdmin(rules.isBornAdmin(peer))
            .setIds(rule.quota().ids())
            .setSlotBytes(Math.min(inAll, rule.quota().slotBytes(inAll)));
    PolicyRule allowing = rules.ruleFor(peer);
    for (Right right : Right.values()) {
      if (name.isEmpty() ? allowing.allowsAll(right) : allowing.allows(right, name)) {
        told.addRights(right.toString());
      }
    }
    rules
        .policy()
        .passedFor(peer)
        .forEach(
            (passed, condition) ->
                told.addPassed(
                    PassedRule.newBuilder().setRule(passed.toString()).setCondition(condition)));
    return told.build();
  }

  private static String claim(String claim) {
    return claim.isEmpty() ? "" : Names.checkService(claim); // a user's unit has the name of one
  }

  private static Peer peer(TestPolicyRequest request) {
    List<Integer> gids = request.getGidsList();
    String unit = request.getUnit();
    Owner owner =
        unit.isEmpty()
            ? new Owner(request.getUid(), claim(request.getClaim()))
            : Owner.unit(Names.checkUnit(unit));
    return new Peer(
        owner,
        request.getUid(),
        gids.isEmpty() ? Peer.NOT_TOLD : gids.get(0),
        0,
        unit,
        "",
        request.getUid() == 0,
        new HashSet<>(gids),
        request.getCgroup());
  }
}
