package org.sluice.datapath.command;

/**
 * The worker's side of the command ring for routes, neighbours, published ports and connections. Each method runs on
 * the worker's thread, between bursts. A refused command has changed nothing.
 */
public interface Layer3CommandHandler {
    CommandResult onPutRoute(Command.PutRoute command);

    CommandResult onRemoveRoute(Command.RemoveRoute command);

    CommandResult onAddRule(Command.AddRule command);

    CommandResult onInstallRules(Command.InstallRules command);

    CommandResult onAddSource(Command.AddSource command);

    CommandResult onInstallSources(Command.InstallSources command);

    CommandResult onSetLocalAddress(Command.SetLocalAddress command);

    CommandResult onSetTunnelPort(Command.SetTunnelPort command);

    CommandResult onClaimTuples(Command.ClaimTuples command);

    CommandResult onPutNeighbour(Command.PutNeighbour command);

    CommandResult onAddPortMap(Command.AddPortMap command);

    CommandResult onRemovePortMap(Command.RemovePortMap command);

    CommandResult onFlushConntrack(Command.FlushConntrack command);
}
