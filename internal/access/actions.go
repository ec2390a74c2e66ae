package access

// Action names one thing that can be done. The table below is the security policy of the product.
type Action string

// The actions, by noun.
const (
	AccountView           Action = "account.view"
	AccountEdit           Action = "account.edit"
	AccountChangePassword Action = "account.change_password"
	AccountVerifyEmail    Action = "account.verify_email"
	AccountLock           Action = "account.lock"
	AccountViewLog        Action = "account.view_log"
	PersonView            Action = "person.view"
	SessionView           Action = "session.view"
	SessionEnd            Action = "session.end"
	SessionConfirm        Action = "session.confirm"
	TokenCreate           Action = "token.create"
	TokenOpenLogin        Action = "token.open_login"
	TokenApproveLogin     Action = "token.approve_login"
	TokenRevoke           Action = "token.revoke"
	TokenRevokeListed     Action = "token.revoke_listed"
	TokenRotate           Action = "token.rotate"
	TokenView             Action = "token.view"
	PackageRead           Action = "package.read"
	PackagePublish        Action = "package.publish"
	PackageTag            Action = "package.tag"
	OrgCreate             Action = "org.create"
	OrgView               Action = "org.view"
	OrgLeave              Action = "org.leave"
	OrgManage             Action = "org.manage"
	OrgManageTeams        Action = "org.manage_teams"
	OrgEnforce            Action = "org.enforce"
	OrgViewLog            Action = "org.view_log"
	OrgDelete             Action = "org.delete"
	OrgReadOffer          Action = "org.read_offer"
	OrgAnswer             Action = "org.answer"
	FactorView            Action = "factor.view"
	FactorAdd             Action = "factor.add"
	FactorRename          Action = "factor.rename"
	FactorRemove          Action = "factor.remove"
	FactorMode            Action = "factor.mode"
	FactorTurnOff         Action = "factor.turn_off"
	ConfirmationOpen      Action = "confirmation.open"
	ConfirmationAnswer    Action = "confirmation.answer"
	PackageDeprecate      Action = "package.deprecate"
	PackageUnpublish      Action = "package.unpublish"
	PackageMaintain       Action = "package.maintain"
	PackageSetAccess      Action = "package.set_access"
	PackageSettings       Action = "package.settings"
	PackageStar           Action = "package.star"
	InvitationView        Action = "invitation.view"
	InvitationAnswer      Action = "invitation.answer"
	AdvisoryRead          Action = "advisory.read"
	AdvisoryManage        Action = "advisory.manage"
	OperatorView          Action = "operator.view"
	OperatorManage        Action = "operator.manage"
	RecoveryDecide        Action = "recovery.decide"
)

// byToken says what a token must be allowed for an action.
type byToken uint8

const (
	never byToken = iota
	read
	write
	terminal // only one that a person got by signing a terminal in
	manage   // such a one, or one that was given the organization to manage
)

// need is what an action asks of the actor. "Self" is Owner of one's own account, and an operator is
// Owner of the installation. In an organization members are Readers, admins Writers, owners Owners.
type need struct {
	standing Standing
	token    byToken
	attended bool // a token for machines will not do
	verified bool // the account's address must be verified
	factor   asks // a second factor, of accounts that have one
	sudo     bool
	password bool // a terminal, which has nothing to confirm in, gives the password with the request
	safe     bool // also a locked or held account may: it reads, or makes the account safer
}

// harmless reports whether also an account may that is locked or held. What a token that only reads may do
// is harmless.
func (n need) harmless() bool { return n.safe || n.token == read }

var actions = map[Action]need{
	AccountView:           {standing: Owner, token: read},
	AccountEdit:           {standing: Owner, token: terminal},
	AccountChangePassword: {standing: Owner, token: terminal, factor: always, sudo: true, password: true, safe: true},
	AccountVerifyEmail:    {standing: Owner, token: never, safe: true},
	AccountLock:           {standing: Owner, token: never, safe: true},
	AccountViewLog:        {standing: Owner, token: never, safe: true},
	PersonView:            {standing: Reader, token: read},
	SessionView:           {standing: Owner, token: never, safe: true},
	SessionConfirm:        {standing: Owner, token: terminal, safe: true},
	SessionEnd:            {standing: Owner, token: never, safe: true},
	TokenCreate:           {standing: Owner, token: terminal, factor: always, sudo: true, password: true},
	TokenRotate:           {standing: Owner, token: never, factor: always, sudo: true},
	TokenOpenLogin:        {standing: Owner, token: never, safe: true},
	TokenApproveLogin:     {standing: Owner, token: never, sudo: true},
	TokenRevoke:           {standing: Owner, token: read}, // one that is at hand
	TokenRevokeListed:     {standing: Owner, token: terminal, safe: true},
	TokenView:             {standing: Owner, token: terminal, safe: true},
	PackageRead:           {standing: Reader, token: read},
	OrgCreate:             {standing: Owner, token: never, verified: true},
	OrgView:               {standing: Reader, token: read},
	OrgLeave:              {standing: Reader, token: terminal},
	OrgManage:             {standing: Owner, token: manage, attended: true, verified: true, factor: ofWriters},
	OrgManageTeams:        {standing: Writer, token: manage, attended: true, verified: true, factor: ofWriters},
	OrgEnforce:            {standing: Owner, token: never, verified: true, factor: always, sudo: true},
	OrgViewLog:            {standing: Owner, token: never, safe: true},
	OrgDelete:             {standing: Owner, token: never, verified: true, factor: ofWriters, sudo: true},
	OrgReadOffer:          {standing: Reader, token: never, safe: true},
	OrgAnswer:             {standing: Owner, token: never, verified: true},
	PackagePublish:        {standing: Writer, token: write, verified: true, factor: ofWriters},
	PackageTag:            {standing: Writer, token: write, verified: true, factor: ofWriters},
	FactorView:            {standing: Owner, token: read},
	FactorAdd:             {standing: Owner, token: terminal, verified: true, factor: always, sudo: true, password: true, safe: true},
	FactorRename:          {standing: Owner, token: never},
	FactorRemove:          {standing: Owner, token: never, sudo: true},
	FactorMode:            {standing: Owner, token: terminal, factor: always, sudo: true, password: true},
	FactorTurnOff:         {standing: Owner, token: terminal, factor: always, sudo: true, password: true},
	ConfirmationOpen:      {standing: Owner, token: write, attended: true},
	ConfirmationAnswer:    {standing: Owner, token: never},
	PackageDeprecate:      {standing: Writer, token: write, verified: true, factor: ofWriters},
	PackageUnpublish:      {standing: Owner, token: write, verified: true, factor: ofWriters},
	PackageMaintain:       {standing: Owner, token: write, attended: true, verified: true, factor: ofWriters}, // who its maintainers are
	PackageSetAccess:      {standing: Owner, token: write, attended: true, verified: true, factor: ofWriters}, // of the scope
	PackageSettings:       {standing: Writer, token: read},
	PackageStar:           {standing: Owner, token: write}, // of the account that stars
	InvitationView:        {standing: Owner, token: never, safe: true},
	InvitationAnswer:      {standing: Owner, token: never, verified: true},
	AdvisoryRead:          {standing: Reader, token: read},
	AdvisoryManage:        {standing: Owner, token: never},
	OperatorView:          {standing: Owner, token: never, safe: true},
	OperatorManage:        {standing: Owner, token: never},
	RecoveryDecide:        {standing: Owner, token: never, factor: always, sudo: true},
}
