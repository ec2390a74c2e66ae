package audit

// Event names one kind of entry: subject, then what happened to it.
type Event string

// The catalogue of the security log.
const (
	AccountCreated               Event = "account.created"
	AccountSetupOffered          Event = "account.setup_offered"
	AccountVerificationRequested Event = "account.verification_requested"
	AccountEmailVerified         Event = "account.email_verified"
	AccountPasswordChanged       Event = "account.password_changed"
	AccountPasswordReset         Event = "account.password_reset"
	AccountResetRequested        Event = "account.reset_requested"
	AccountProfileChanged        Event = "account.profile_changed"
	AccountInvited               Event = "account.invited"
	SessionStarted               Event = "session.started"
	SessionFailed                Event = "session.failed"
	SessionEnded                 Event = "session.ended"
	SessionConfirmed             Event = "session.confirmed"
	TokenCreated                 Event = "token.created"
	TokenRevoked                 Event = "token.revoked"
	LoginApproved                Event = "login.approved"
	LoginDenied                  Event = "login.denied"
	OrgCreated                   Event = "org.created"
	OrgInvited                   Event = "org.invited"
	OrgInvitationRevoked         Event = "org.invitation_revoked"
	OrgInvitationDeclined        Event = "org.invitation_declined"
	OrgMemberJoined              Event = "org.member_joined"
	OrgMemberLeft                Event = "org.member_left"
	OrgMemberRemoved             Event = "org.member_removed"
	OrgRoleChanged               Event = "org.role_changed"
	TeamCreated                  Event = "team.created"
	TeamRemoved                  Event = "team.removed"
	TeamDefaultChanged           Event = "team.default_changed"
	TeamMemberAdded              Event = "team.member_added"
	TeamMemberRemoved            Event = "team.member_removed"
	TeamPackageGranted           Event = "team.package_granted"
	TeamPackageRevoked           Event = "team.package_revoked"
	PackageCreated               Event = "package.created"
	PackagePublished             Event = "package.published"
	PackageTagged                Event = "package.tagged"
	PackageUntagged              Event = "package.untagged"
)
